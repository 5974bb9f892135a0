"""The report of a run: what it holds, and what a browser makes of it."""

import re
import zipfile

import pandas as pd
import pytest
import yaml

from browser import DESKTOP, PHONE, answer, chromium, console
from modgap.plan.outputs.claims import load_claims
from modgap.report.verdicts.decide import JUDGED, VERDICTS
from workflow.runs import snakemake

DARK = "--blink-settings=preferredColorScheme=0"


@pytest.fixture(scope="module")
def results(smoke):
    return smoke / "results" / "smoke"


@pytest.fixture(scope="module")
def page(results):
    return results / "report" / "index.html"


# --- what it holds -----------------------------------------------------------------------------


def test_the_run_ends_with_a_small_page_of_every_figure_and_table(results, page):
    text = page.read_text()
    assert page.stat().st_size < 15e6
    for path in (results / "figures").glob("*.png"):
        assert f'<figure id="{path.stem}">' in text, path.stem
    for path in (results / "tables").glob("*.csv"):
        if path.stem != "claims":
            assert f'id="table-{path.stem}"' in text, path.stem
    assert "sweep_loss</th>" in text  # a run time
    assert "Content note" in text


def test_a_figures_command_is_that_of_the_run(page):
    text = page.read_text(encoding="utf-8")
    command = "snakemake fig1_modality_gap --cores 2 --configfile config/smoke.yaml"
    assert f"<code>{command}</code>" in text


def test_no_claim_is_left_undefined(results):
    verdicts = pd.read_csv(results / "tables" / "claims.csv")
    assert set(verdicts["verdict"]) <= set(VERDICTS)
    assert verdicts["why"].str.len().gt(10).all()
    judged = verdicts[verdicts["verdict"].isin(JUDGED)]
    assert judged["measured"].notna().all()
    assert len(judged) > 15


def test_claims_name_tables_and_columns_that_a_run_writes(root, results):
    tables, claims = load_claims(root / "config/claims.yaml", root / "config/claims.schema.yaml")
    verdicts = pd.read_csv(results / "tables" / "claims.csv").set_index("id")
    checked = set()
    for claim in claims:
        if "path" not in tables[claim["table"]]:
            continue
        path = tables[claim["table"]]["path"].replace("{name}", "**/*")
        files = sorted(results.glob(path))
        if not files:
            assert "makes no table" in verdicts.loc[claim["id"], "why"]
            continue
        first = files[0]
        frame = pd.read_csv(first) if first.suffix == ".csv" else pd.read_parquet(first)
        if frame.empty:
            assert verdicts.loc[claim["id"], "verdict"] == "not run"
            continue
        used = {*claim["columns"].values(), *claim.get("minus", {}), *claim.get("count", {})}
        used |= {*claim.get("share", {}), *claim.get("ratio", {})}
        used |= {claim[form] for form in ("trend", "slope", "spread") if form in claim}
        assert used <= set(frame.columns), claim["id"]
        checked.add(claim["table"])
    # Left out of the smoke run for its time; the first is config/thorough.yaml's.
    left_out = {"embedding_width", "independent", "without_normalisation"}
    # Of fewer than 200 pairs, so without rows.
    left_out.add("method_changes")
    assert set(tables) - checked == {*left_out, "arithmetic"}


def test_the_authors_files_are_judged_by_name(root, smoke, shared, tmp_path):
    """Exactly the claims that claims.yaml lists, on fewer resamples than a real run."""
    example = yaml.safe_load((root / "config/examples/published.yaml").read_text())
    for name, entry in example["datasets"].items():
        path = shared(f"data/published/{entry['file'].rsplit('/', 1)[1]}")
        # Names say nothing: the file's content does.
        copy = tmp_path / f"{name}.npy"
        copy.symlink_to(path)
        entry["file"] = str(copy)
    example["results"] = str(tmp_path / "results")
    example["cones"] = []  # none of these claims is about them
    example["gap_methods"] = {}  # minutes; tests/scripts/test_judge_claims.py judges them
    example["statistics"] = {"n_resamples": 100}
    example["shift"] = {"n_resamples": 100, "batch_sizes": ["published", "all"]}
    config = tmp_path / "published.yaml"
    config.write_text(yaml.safe_dump(example))
    snakemake(smoke, "judge_claims", "--cores", 2, "--configfile", config)
    verdicts = pd.read_csv(tmp_path / "results" / "tables" / "claims.csv")
    judged = verdicts[verdicts["verdict"].isin(JUDGED)].set_index("id")
    claims = yaml.safe_load((root / "config/claims.yaml").read_text())
    listed = claims["judged"]
    of_methods = {one["id"] for one in claims["claims"] if one["table"] == "method_changes"}
    assert set(judged.index) == {*listed["published"], *listed["always"]} - of_methods
    judged = judged[judged["scale"] == "published features"]
    assert judged.loc["fig1-gap-clip", "verdict"] == "reproduced"
    assert judged.loc["cone-published-convirt-text", "verdict"] == "direction only"
    # At τ = 1/50 the loss is lowest at a smaller gap.
    assert judged.loc["fig3-symmetric-minimum-50", "verdict"] != "not reproduced"
    assert (judged["verdict"] == "reproduced").sum() >= 24


# --- what a browser makes of it ----------------------------------------------------------------


@pytest.mark.parametrize("flags", [[], [DARK]], ids=["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_it_opens_at_every_width_and_in_both_schemes(page, tmp_path, width, flags):
    look = answer(
        tmp_path,
        page,
        """
        const shown = (element) => element.getBoundingClientRect();
        return {
          overflow: document.documentElement.scrollWidth - innerWidth,
          back: getComputedStyle(document.body).backgroundColor,
          header: getComputedStyle(document.querySelector('.claims thead')).display,
          images: [...document.images].map((image) => [image.naturalWidth, shown(image).width]),
        };
        """,
        *flags,
        width=width,
    )
    assert look["overflow"] <= 0
    assert look["back"] == ("rgb(20, 23, 27)" if flags else "rgb(255, 255, 255)")
    assert (look["header"] == "none") == (width == PHONE)
    assert len(look["images"]) > 10
    assert all(natural > 0 and 100 < drawn <= width for natural, drawn in look["images"])


def test_it_loads_nothing_and_says_nothing(page, tmp_path):
    printed, said = chromium(tmp_path, page.as_uri(), "--dump-dom")
    assert console(said) == []
    # The one script ran under the page's own policy.
    assert re.search(r'<output id="shown"[^>]*>(\d+) of \1</output>', printed)


def test_what_is_planted_in_the_page_is_neither_loaded_nor_run(page, tmp_path):
    planted = tmp_path / "planted.html"
    hostile = "<img src='http://192.0.2.1/x.png'><script>document.title = 'taken'</script></body>"
    planted.write_text(page.read_text().replace("</body>", hostile))
    printed, said = chromium(tmp_path, planted.as_uri(), "--dump-dom")
    assert len(console(said)) >= 2
    assert "<title>taken" not in printed


def test_the_address_holds_a_filter(page, tmp_path):
    address = page.as_uri() + "#claims?q=sphere&verdict=reproduced"
    printed, _ = chromium(tmp_path, address, "--dump-dom")
    shown, total = re.search(r'<output id="shown"[^>]*>(\d+) of (\d+)<', printed).groups()
    assert 0 < int(shown) < int(total)


def test_filter_and_search_work_by_keyboard_order(page, results, tmp_path):
    verdicts = pd.read_csv(results / "tables" / "claims.csv")
    found = answer(
        tmp_path,
        page,
        """
        const [form, query, verdict, scale] =
          ['filter', 'query', 'verdict', 'scale'].map((id) => document.getElementById(id));
        const told = (change) => {
          change();
          form.dispatchEvent(new Event('input', {bubbles: true}));
          const rows = [...document.querySelectorAll('.claims tbody tr')];
          return [rows.filter((row) => row.offsetHeight > 0).length,
                  document.getElementById('shown').textContent,
                  document.getElementById('none').hidden];
        };
        const result = {
          all: told(() => {}),
          verdict: told(() => { verdict.value = 'not run'; }),
          both: told(() => { scale.value = 'simulation'; }),
          word: told(() => {
            scale.value = verdict.value = '';
            query.value = 'CIFAR10 shift';
          }),
          nothing: told(() => { query.value = 'no such word'; }),
          order: [...form.querySelectorAll('input, select, button')]
            .map((element) => [element.tagName, element.tabIndex]),
        };
        form.requestSubmit();
        return result;
        """,
        width=DESKTOP,
    )
    total, left_out = len(verdicts), verdicts["verdict"].eq("not run")
    text = verdicts.map(str).agg(" ".join, axis=1).str.lower()
    assert found["all"] == [total, f"{total} of {total}", True]
    assert found["verdict"][0] == left_out.sum()
    assert found["both"][0] == (left_out & verdicts["scale"].eq("simulation")).sum()
    words = text.str.contains("cifar10") & text.str.contains("shift")
    assert found["word"][0] == words.sum() > 0
    assert found["nothing"] == [0, f"0 of {total}", False]
    assert found["order"] == [["INPUT", 0], ["SELECT", 0], ["SELECT", 0], ["BUTTON", 0]]


def test_text_has_enough_contrast_in_both_schemes(page, tmp_path):
    script = """
        const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const light = (colour) => {
          const [r, g, b] = channels(colour).map((c) => {
            c /= 255;
            return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (element) => {
          for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (!/^rgba.*, 0\\)$/.test(colour)) return colour;
          }
          return 'rgb(255, 255, 255)';
        };
        const worst = {};
        const names = ['body', 'a', '.badge.v1', '.badge.v2', '.badge.v3', '.badge.v4', '.where',
                       '.small', '.around', '.told', '.tile .word', 'summary', 'dt', 'thead th',
                       'code', 'pre'];
        for (const name of names) {
          for (const element of document.querySelectorAll(name)) {
            const pair = [light(getComputedStyle(element).color), light(behind(element))];
            const [low, high] = pair.sort((a, b) => a - b);
            const ratio = (high + 0.05) / (low + 0.05);
            worst[name] = Math.min(worst[name] ?? 99, ratio);
          }
        }
        return worst;
    """
    for flags in ([], [DARK]):
        worst = answer(tmp_path, page, script, *flags)
        assert len(worst) >= 13
        assert min(worst.values()) >= 4.5, worst


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (PHONE, 844)])
def test_the_gap_and_a_figure_stand_on_the_first_screen(page, tmp_path, width, height):
    look = answer(
        tmp_path,
        page,
        """
        const canvas = document.querySelector('.explore canvas');
        const pen = canvas.getContext('2d');
        const drawn = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        const rulers = [...document.querySelectorAll('.place .ruler')].filter((r) => r.clientWidth);
        return {
          title: document.querySelector('h1').textContent,
          gap: document.querySelector('.gap .value').textContent,
          number: document.querySelector('.gap').getBoundingClientRect().bottom,
          ruler: rulers.map((r) => [r.getBoundingClientRect().right, r.getAttribute('aria-label')]),
          top: canvas.getBoundingClientRect().top,
          size: [canvas.clientWidth, canvas.clientHeight],
          ink: drawn.filter((value, i) => i % 4 === 3 && value > 0).length,
        };
        """,
        width=width,
    )
    assert look["title"].startswith("The modality gap of scenes-vit")
    assert float(look["gap"]) > 0
    assert look["number"] < look["top"] + 150 < height
    ((right, told),) = look["ruler"]
    assert right <= width
    assert f"scenes-vit, random weights {look['gap']}" in told
    assert "closed 0" in told
    assert min(look["size"]) > 150
    assert look["ink"] > 500


def test_a_point_shows_its_picture_caption_and_pair(page, results, tmp_path):
    found = answer(
        tmp_path,
        page,
        """
        const figure = document.querySelector('.explore');
        const [canvas, slider, told] =
          ['canvas', 'input', '.told'].map((name) => figure.querySelector(name));
        const ink = () => canvas.toDataURL();
        const before = ink(), seen = {};
        const box = canvas.getBoundingClientRect();
        for (let x = 20; x < box.width; x += 6) for (let y = 20; y < box.height; y += 6) {
          const at = {clientX: box.left + x, clientY: box.top + y, bubbles: true};
          canvas.dispatchEvent(new PointerEvent('pointermove', at));
          seen[told.querySelector('strong')?.textContent] = told.querySelector('span')?.textContent;
        }
        const changed = ink() !== before;
        slider.value = 3;
        slider.dispatchEvent(new Event('input'));
        const choice = figure.querySelector('select'), first = ink();
        choice.selectedIndex = 1;
        choice.dispatchEvent(new Event('input'));
        return {
          seen, changed, another: ink() !== first, third: told.querySelector('strong').textContent,
          picture: told.querySelector('img').src.slice(0, 22),
          options: [...choice.options].map((option) => option.textContent),
          focusable: [choice.tabIndex, slider.tabIndex],
        };
        """,
    )
    samples = pd.read_parquet(results / "samples" / "scenes.parquet").set_index("sample_id")
    captions = {name: text for name, text in found["seen"].items() if name != "undefined"}
    assert len(captions) > 10
    assert all(samples.loc[[name], "caption"].isin([text]).any() for name, text in captions.items())
    assert found["changed"]
    assert found["another"]
    assert found["third"] in samples.index
    assert found["picture"] == "data:image/jpeg;base64"
    assert found["options"] == ["gap axis", "PCA", "SVD, not centred", "UMAP"]
    assert found["focusable"] == [0, 0]


def test_points_work_under_the_pages_own_policy(page, tmp_path):
    printed, said = chromium(tmp_path, page.as_uri(), "--dump-dom")
    assert console(said) == []
    assert re.search(r'<div class="controls">', printed)
    assert not re.search(r'<div class="controls" hidden', printed.split("<details", 1)[0])


def test_a_figure_fills_the_window_and_goes_back(page, tmp_path):
    found = answer(
        tmp_path,
        page,
        """
        const box = document.getElementById('enlarged');
        const link = document.querySelector('#fig1_modality_gap a.enlarge');
        link.click();
        const image = box.querySelector('img');
        const opened = [box.open, image.clientWidth, document.activeElement.textContent];
        box.querySelector('button').click();
        return {opened, closed: box.open, href: link.getAttribute('href')};
        """,
    )
    is_open, width, focused = found["opened"]
    assert is_open
    assert width > 900
    assert focused == "Close"
    assert not found["closed"]
    assert found["href"] == "../figures/fig1_modality_gap.png"


def test_claims_and_figures_link_to_each_other_and_files_are_there(root, page, results, tmp_path):
    found = answer(
        tmp_path,
        page,
        """
        const all = (what) => [...document.querySelectorAll(what)];
        return {
          inside: all('a[href^="#"]').map((a) => a.getAttribute('href').slice(1))
            .filter((id) => !document.getElementById(id)),
          judged: all('.claims tbody tr')
            .filter((row) => !['not run', 'illustration'].includes(row.dataset.verdict))
            .map((row) => [row.id, row.querySelector('a[href^="#fig"]')?.getAttribute('href')]),
          back: all('figure dd a[href^="#claim-"]')
            .map((a) => [a.getAttribute('href').slice(1), '#' + a.closest('figure').id]),
          files: all('a[href^="../"]').map((a) => a.getAttribute('href')),
        };
        """,
    )
    assert found["inside"] == []
    assert len(found["judged"]) > 15
    # Numbers that the paper prints twice are computed from each other, and shown in no figure.
    content = yaml.safe_load((root / "config" / "claims.yaml").read_text(encoding="utf-8"))
    printed = {f"claim-{c['id']}" for c in content["claims"] if c["table"] == "arithmetic"}
    assert {claim for claim, figure in found["judged"] if not figure} == printed
    shown = [row for row in found["judged"] if row[1]]
    assert sorted(shown) == sorted(found["back"])
    assert "../figures/fig1_modality_gap.pdf" in found["files"]
    assert "../tables/gap_statistics.csv" in found["files"]
    missing = [file for file in found["files"] if not (page.parent / file).is_file()]
    assert missing == []


# --- Snakemake's own report --------------------------------------------------------------------


def test_snakemakes_report_works_offline(root, smoke, results, tmp_path):
    target = tmp_path / "report.zip"
    snakemake(smoke, "--report", target, "--configfile", "config/smoke.yaml")
    with zipfile.ZipFile(target) as archive:
        archive.extractall(tmp_path)
    (start,) = tmp_path.glob("**/report.html")
    text = "".join(
        path.read_text(errors="replace")
        for path in start.parent.rglob("*")
        if path.suffix in (".html", ".js")
    )
    for name in ("Figures", "Tables", "Claims", "Verdicts on the paper"):
        assert name in text
    for path in (results / "figures").glob("*.png"):
        assert path.name in text, path.name
    printed, said = chromium(tmp_path, start.as_uri(), "--virtual-time-budget=8000", "--dump-dom")
    assert not [line for line in console(said) if "rror" in line]
    assert "Figures" in printed
