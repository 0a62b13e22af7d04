"use strict";

// Fetches what changes, for as long as somebody looks. Without this the page is there all the same, and stands still.
const live = document.getElementById("live");

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch("/live", { cache: "no-store" });
      if (answer.ok) {
        // The server has escaped all of it, and the policy of the page lets no script in it run.
        live.innerHTML = await answer.text();
      }
      document.body.classList.toggle("old", !answer.ok);
    } catch {
      document.body.classList.add("old");
    }
  }
  setTimeout(refresh, 2000);
}

setTimeout(refresh, 2000);
