"""Our Snakefile in another's workflow: where its project lies, whose library is imported."""

import ast
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
from git import Repo
from snakemake.sourcecache import GenericSourceFile, LocalGitFile, LocalSourceFile

from modgap.fetch import checkout


class RefusedError(Exception):
    pass


def workflow_of(rules, *, main=None, prefix="", module=None, stack=2, levels=None):
    """As much of a workflow as is looked at. rules : the source file of the folder rules/."""
    levels = levels or {}
    return SimpleNamespace(
        current_basedir=rules,
        main_snakefile=str(main),
        included_stack=[main] * stack,
        configfiles=["mine.yaml"],
        overwrite_configfiles=["other.yaml"],
        pathvars=SimpleNamespace(
            level={"results": 4, "resources": 4, **levels}, get=lambda name: f"of/{name}"
        ),
        modifier=SimpleNamespace(
            namespace=module,
            is_main_snakefile=lambda: module is None,
            path_modifier=SimpleNamespace(replace_prefix=lambda path: prefix + path),
        ),
    )


@pytest.fixture
def repository(tmp_path):
    """A repository with a tag v1, and a change since."""
    folder = tmp_path / "repository"
    for name in ("Snakefile", "rules/common.smk", "scripts/modgap/errors.py", "docs/picture.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("first")
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "First"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True)
    (folder / "Snakefile").write_text("second")
    subprocess.run([*git, "commit", "-qam", "Second"], check=True)
    return Repo(folder)


def test_the_files_of_a_commit_are_unpacked_once(repository, tmp_path):
    target = checkout.unpack_commit(repository, "v1", tmp_path / "kept")
    assert target.name == repository.commit("v1").hexsha
    files = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    assert files == {"Snakefile", "rules/common.smk", "scripts/modgap/errors.py"}
    assert (target / "Snakefile").read_text() == "first"
    (target / "Snakefile").write_text("kept as it is")
    assert checkout.unpack_commit(repository, "v1", tmp_path / "kept") == target
    assert (target / "Snakefile").read_text() == "kept as it is"
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [target.name]


def test_what_another_process_has_unpacked_meanwhile_is_taken(repository, tmp_path, monkeypatch):
    def slow(*_):
        (tmp_path / "kept" / repository.commit("v1").hexsha / "rules").mkdir(parents=True)
        raise OSError("not empty")

    monkeypatch.setattr(checkout.os, "rename", slow)
    target = checkout.unpack_commit(repository, "v1", tmp_path / "kept")
    assert (target / "rules").is_dir()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [target.name]


def test_a_snakefile_on_disk_has_its_project_around_it(tmp_path):
    rules = LocalSourceFile(str(tmp_path / "rules"))
    for module in (None, "modgap"):
        workflow = workflow_of(rules, main=tmp_path / "Snakefile", module=module)
        assert checkout.find_project(workflow, RefusedError) == tmp_path


def test_a_snakefile_out_of_a_repository_goes_on_from_its_unpacked_commit(repository, tmp_path):
    rules = LocalGitFile(repository.working_dir, "rules", tag="v1")
    workflow = workflow_of(rules, main="remote", module="modgap")
    project = checkout.find_project(workflow, RefusedError, kept=tmp_path / "kept")
    assert project == tmp_path / "kept" / repository.commit("v1").hexsha
    assert workflow.included_stack == [LocalSourceFile(str(project / "Snakefile")), "remote"]


def test_what_cannot_be_read_is_refused_in_one_line(tmp_path):
    rules = GenericSourceFile("https://example.org/rules")
    with pytest.raises(RefusedError, match="name its repository") as remote:
        checkout.find_project(workflow_of(rules, module="modgap"), RefusedError)
    rules = LocalSourceFile(str(tmp_path / "ours" / "rules"))
    included = workflow_of(rules, main=tmp_path / "theirs" / "Snakefile", stack=3)
    with pytest.raises(RefusedError, match="use rule \\* from modgap") as include:
        checkout.find_project(included, RefusedError)
    with pytest.raises(RefusedError, match="name the folders with results:") as prefix:
        checkout.check_prefix(
            workflow_of(rules, prefix="sub/"), {"results": "r", "resources": "s"}, RefusedError
        )
    for refused in (remote, include, prefix):
        assert len(str(refused.value).replace(str(tmp_path), "")) <= 300
        assert "\n" not in str(refused.value)


def test_our_own_entry_for_catalogs_may_include_the_snakefile(tmp_path):
    rules = LocalSourceFile(str(tmp_path / "rules"))
    workflow = workflow_of(rules, main=tmp_path / "workflow" / "Snakefile", stack=3)
    assert checkout.find_project(workflow, RefusedError) == tmp_path


def test_files_that_stay_where_the_plan_has_them_are_no_prefix():
    checkout.check_prefix(workflow_of(None), {"results": "r", "resources": "s"}, RefusedError)


def test_a_workflow_of_our_own_takes_what_the_user_gave_as_it_is():
    given = {"results": "mine"}
    assert checkout.read_given(workflow_of(None), given) == (given, ["mine.yaml"], ["mine.yaml"])


def test_a_module_has_a_copy_of_its_config_and_results_of_its_name():
    config = {"datasets": {"mine": {}}}
    given, named, files = checkout.read_given(workflow_of(None, module="gap"), config)
    assert given == config
    assert (named, files) == (["gap"], ["other.yaml"])
    given["datasets"]["mine"]["kind"] = "changed"
    assert config == {"datasets": {"mine": {}}}


@pytest.mark.parametrize(("level", "results"), [(1, "of/results"), (2, "of/results"), (3, "mine")])
def test_only_pathvars_of_the_module_name_its_folders(level, results):
    """A workflow's own, level 3, are of its own rules."""
    workflow = workflow_of(None, module="gap", levels={"results": level})
    given, _, _ = checkout.read_given(workflow, {"results": "mine"})
    assert given == {"results": results}


@pytest.fixture
def imports(monkeypatch):
    """``sys.modules`` and ``sys.path`` as they are without a modgap, given back afterwards."""
    others = {name: found for name, found in sys.modules.items() if "modgap" not in name}
    monkeypatch.setattr(sys, "modules", others)
    monkeypatch.setattr(sys, "path", [])
    return others


def load(name, file):
    """A module as it is once it was imported."""
    found = ModuleType(name)
    found.__file__ = file and str(file)
    sys.modules[name] = found
    return found


def test_a_library_of_another_place_gives_way_and_comes_back(imports, tmp_path):
    scripts = tmp_path / "scripts"
    other = load("modgap", tmp_path / "site" / "modgap" / "__init__.py")
    part = load("modgap.files", tmp_path / "site" / "modgap" / "files.py")
    others = checkout.take_library(scripts)
    assert not [name for name in imports if name.startswith("modgap")]
    assert sys.path == [str(scripts)]
    load("modgap", scripts / "modgap" / "__init__.py")
    load("modgap.plan", scripts / "modgap" / "plan" / "__init__.py")
    checkout.leave_library(scripts, others, unload=True)
    found = {name: module for name, module in imports.items() if name.startswith("modgap")}
    assert found == {"modgap": other, "modgap.files": part}
    assert sys.path == []


def test_the_library_of_this_place_stays_loaded(imports, tmp_path):
    ours = load("modgap", tmp_path / "modgap" / "__init__.py")
    others = checkout.take_library(tmp_path)
    assert (others, imports["modgap"]) == ({}, ours)
    checkout.leave_library(tmp_path, others, unload=False)
    assert imports["modgap"] is ours


def test_a_folder_of_the_name_gives_way_too(imports, tmp_path):
    load("modgap", None)
    assert set(checkout.take_library(tmp_path)) == {"modgap"}


def test_names_that_only_begin_alike_are_left_alone(imports, tmp_path):
    load("modgapper", tmp_path / "modgapper.py")
    load("modgap", tmp_path / "modgap" / "__init__.py")
    assert set(checkout.pop_library()) == {"modgap"}
    assert "modgapper" in imports


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_the_file_is_read_before_the_library_can_be(root):
    path = root / "scripts" / "modgap" / "fetch" / "checkout.py"
    names = {name.partition(".")[0] for name in imported_modules(path)}
    assert names <= sys.stdlib_module_names | {"git", "snakemake"}
