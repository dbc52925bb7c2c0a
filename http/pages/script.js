// What is nicer with a script; every page works without it.
"use strict";
(() => {
  const all = (what) => document.querySelectorAll(what);

  all("[data-focus]").forEach((summary) => summary.focus());

  all("[data-show]").forEach((line) => {
    const input = document.getElementById(line.dataset.show);
    const box = line.querySelector("input");
    const show = () => { input.type = box.checked ? "text" : "password"; };
    line.hidden = false;
    box.addEventListener("change", show);
    input.form.addEventListener("submit", () => { input.type = "password"; });
    addEventListener("pageshow", show);
  });

  // A double click sends a form once.
  const sent = new WeakSet();
  all("form[method=post]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      if (sent.has(form)) event.preventDefault();
      sent.add(form);
    });
    addEventListener("pageshow", () => sent.delete(form));
  });

  all("form[data-upload]").forEach((form) => {
    const input = form.querySelector("input[type=file]");
    const error = form.querySelector(".error");
    const say = (why) => {
      error.textContent = error.dataset[why];
      error.hidden = false;
      input.setAttribute("aria-invalid", "true");
    };
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const file = input.files[0];
      if (!file) { input.focus(); return; }
      if (file.size > Number(form.dataset.most)) { say("large"); return; }
      try {
        const answer = await fetch(form.dataset.upload + encodeURIComponent(file.name), {
          method: "PUT", body: file, credentials: "same-origin",
          headers: { "If-None-Match": "*", "Content-Type": "application/octet-stream" },
        });
        if (answer.ok) location.assign(form.dataset.after);
        else say(answer.status === 412 ? "exists" : answer.status === 413 ? "large" : "failed");
      } catch { say("failed"); }
    });
  });
})();
