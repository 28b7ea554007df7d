// Keeps a page on a wall fresh, and says so when it can't: an old page must not look like a good one.
"use strict";

const EVERY = 5000;
const lost = document.getElementById("lost");
let answered = new Date();

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(EVERY) });
    if (!answer.ok) throw new Error(answer.statusText);
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    answered = new Date();
    lost.hidden = true;
  } catch {
    lost.querySelector("time").textContent = answered.toLocaleTimeString();
    lost.hidden = false;
  }
}

function show(fresh) {
  const main = document.getElementById("main");
  const next = fresh.getElementById("main");
  // Somebody who is copying from the page is not to lose what they marked.
  if (!next || main.innerHTML === next.innerHTML || String(getSelection())) return;
  main.replaceWith(next);
  document.title = fresh.title;
  document.querySelector("link[rel=icon]").href = fresh.querySelector("link[rel=icon]").getAttribute("href");
}

if (document.getElementById("main").dataset.live === "yes") setInterval(refresh, EVERY);
