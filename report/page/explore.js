// Figure 1, point by point: hovering, tapping or stepping shows a pair and what it is.
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const items = document.getElementById("items") ? read("items") : {};
  const GREY = "122,122,122", EDGE = 26, CELL = 24;

  function start(figure) {
    const data = read(figure.dataset.points), n = data.pairs.length;
    const about = items[data.dataset];
    const [canvas, choice, slider, told] = ["canvas", "select", "input", ".told"]
      .map((name) => figure.querySelector(name));
    const colours = figure.dataset.colours.split(" "), pen = canvas.getContext("2d");
    let at, grid, ground, lit = -1;

    function place() {  // pixels of every point, and which points lie in which cell
      const method = data.methods[choice.selectedIndex];
      const width = canvas.clientWidth, height = canvas.clientHeight, steps = 2000;
      const room = [width - 2 * EDGE, height - 2 * EDGE];
      let scale = [room[0] / steps, room[1] / steps], shift = [EDGE, EDGE];
      if (method.ratio) {  // equal lengths, the smaller side in the middle
        const size = [Math.min(1, 1 / method.ratio) * steps, Math.min(1, method.ratio) * steps];
        const one = Math.min(room[0] / size[0], room[1] / size[1]);
        scale = [one, one];
        shift = [0, 1].map((side) => EDGE + (room[side] - one * size[side]) / 2);
      }
      at = method.x.map((x, i) => [shift[0] + x * scale[0], height - shift[1] - method.y[i] * scale[1]]);
      grid = new Map();
      at.forEach(([x, y], i) => {
        const key = `${Math.floor(x / CELL)},${Math.floor(y / CELL)}`;
        if (!grid.has(key)) grid.set(key, []);
        grid.get(key).push(i);
      });
    }

    function line(i, context) {
      context.moveTo(...at[i]);
      context.lineTo(...at[i + n]);
    }

    function dot(i, radius, context) {
      context.beginPath();
      context.arc(...at[i], radius, 0, 7);
      context.fillStyle = colours[i < n ? 0 : 1];
      context.fill();
    }

    function paint() {  // everything but the lit pair, once for every size and projection
      const sharp = devicePixelRatio || 1;
      canvas.width = canvas.clientWidth * sharp;
      canvas.height = canvas.clientHeight * sharp;
      ground = document.createElement("canvas");
      [ground.width, ground.height] = [canvas.width, canvas.height];
      const context = ground.getContext("2d"), method = data.methods[choice.selectedIndex];
      context.scale(sharp, sharp);
      context.strokeStyle = `rgba(${GREY},${Math.min(0.3, 60 / n)})`;
      context.lineWidth = 0.6;
      context.beginPath();
      for (let i = 0; i < n; i++) line(i, context);
      context.stroke();
      for (let i = 0; i < 2 * n; i++) dot(i, n > 400 ? 1.8 : 2.6, context);
      context.fillStyle = "#333";
      context.font = "12px system-ui, sans-serif";
      context.textAlign = "right";
      context.fillText(method.axes[0], canvas.clientWidth - 6, canvas.clientHeight - 6);
      context.rotate(-Math.PI / 2);
      context.fillText(method.axes[1], -6, 14);
      show();
    }

    function show() {
      const sharp = devicePixelRatio || 1;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(ground, 0, 0);
      if (lit < 0) return;
      pen.scale(sharp, sharp);
      pen.beginPath();
      line(lit, pen);
      pen.lineWidth = 2;
      pen.strokeStyle = "#000";
      pen.stroke();
      for (const i of [lit, lit + n]) { dot(i, 7, pen); pen.stroke(); }
    }

    function light(pair) {
      if (pair === lit) return;
      lit = pair;
      slider.value = pair;
      const item = about && data.items ? data.items[pair] : -1, parts = [];
      const add = (name, text) => { const e = document.createElement(name); e.textContent = text; parts.push(e); };
      if (item >= 0 && about.picture[item] >= 0) {
        const image = new Image(48, 48);
        image.alt = "";
        image.src = about.pictures[about.picture[item]];
        parts.push(image);
      }
      add("strong", item >= 0 ? about.ids[item] : `pair ${data.pairs[pair] + 1}`);
      if (item >= 0) add("span", about.captions[item]);
      told.replaceChildren(...parts);
      show();
    }

    function nearest(event) {
      const box = canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      let best = -1, least = CELL * CELL;
      for (let a = -1; a < 2; a++) for (let b = -1; b < 2; b++) {
        for (const i of grid.get(`${Math.floor(x / CELL) + a},${Math.floor(y / CELL) + b}`) || []) {
          const far = (at[i][0] - x) ** 2 + (at[i][1] - y) ** 2;
          if (far < least) [best, least] = [i, far];
        }
      }
      if (best >= 0) light(best % n);
    }

    const redraw = () => { if (canvas.clientWidth) { place(); paint(); } };
    canvas.addEventListener("pointermove", nearest);
    canvas.addEventListener("pointerdown", nearest);
    slider.addEventListener("input", () => light(+slider.value));
    choice.addEventListener("input", redraw);
    new ResizeObserver(redraw).observe(canvas);
    for (const control of figure.querySelectorAll(".controls")) control.hidden = false;
    redraw();
  }

  for (const figure of document.querySelectorAll(".explore")) {
    const folded = figure.closest("details");
    if (!folded || folded.open) start(figure);
    else folded.addEventListener("toggle", () => start(figure), { once: true });
  }
})();
