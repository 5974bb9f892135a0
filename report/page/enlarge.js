// A figure fills the window when it is chosen; without this the link opens its file.
(() => {
  const box = document.getElementById("enlarged");
  const open = (link) => {
    const image = link.querySelector("img").cloneNode();
    box.querySelector("div").replaceChildren(image);
    box.showModal();
    box.querySelector("button").focus();
  };
  for (const link of document.querySelectorAll("a.enlarge")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(link);
    });
  }
  box.addEventListener("click", (event) => { if (event.target.tagName !== "IMG") box.close(); });

  // What a link points at may be folded away.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1).split("?")[0]));
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", unfold);
  if (location.hash) unfold();
})();
