"use strict";
(() => {
  const sessions = [...document.querySelectorAll("details.session")];
  const texts = new Map();
  const find = document.getElementById("find");
  const failed = document.getElementById("failed");
  const found = document.getElementById("found");
  const text = (each) => {
    if (!texts.has(each)) texts.set(each, each.textContent.toLowerCase());
    return texts.get(each);
  };
  const show = () => {
    const wanted = find.value.trim().toLowerCase();
    let count = 0;
    for (const each of sessions) {
      const fits = (!wanted || text(each).includes(wanted)) &&
        (!failed.checked || each.classList.contains("failed"));
      each.hidden = !fits;
      count += fits ? 1 : 0;
    }
    found.textContent = count + " of " + sessions.length + " shown";
  };
  let timer = 0;
  find.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 150);
  });
  failed.addEventListener("change", show);
  document.getElementById("open").addEventListener("click", () => {
    const shown = sessions.filter((each) => !each.hidden);
    const opens = shown.some((each) => !each.open);
    for (const each of shown) each.open = opens;
  });
  const go = () => {
    const there = /^#s\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (there) {
      there.hidden = false;
      there.open = true;
      there.scrollIntoView();
    }
  };
  addEventListener("hashchange", go);
  go();
})();
