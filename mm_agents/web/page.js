// Citations lead to their source without leaving the page, and a button copies an answer's text.
document.addEventListener("click", (event) => {
  const part = event.target instanceof Element ? event.target : null;
  const link = part && part.closest('.mm a[href^="#"]');
  if (link) {
    event.preventDefault();
    const source = document.getElementById(link.getAttribute("href").slice(1));
    if (!source) return;
    for (let one = source.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    document.querySelectorAll(".mm .here").forEach((one) => one.classList.remove("here"));
    source.classList.add("here");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    source.closest("article").scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
    return;
  }
  const copy = part && part.closest("button.mm-copy");
  if (!copy) return;
  // The answer's text is a message of its own, the last one before the button's.
  const said = [...document.querySelectorAll("#chat .mm .said")];
  const answer = said.filter((one) => one.compareDocumentPosition(copy) & Node.DOCUMENT_POSITION_FOLLOWING).at(-1);
  if (!answer) return;
  copied(answer.innerText.trim()).then((done) => {
    copy.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => { copy.textContent = "Copy answer"; }, 1500);
  });
});

// Browsers give the clipboard to pages over TLS and of this machine; others have to select and copy.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    box.setAttribute("readonly", "");
    box.style.cssText = "position: fixed; top: 0; opacity: 0;";
    const before = document.activeElement;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    if (before instanceof HTMLElement) before.focus();
    return done;
  }
}

// A new question goes to the top of the chat, and its answer is read from its beginning.
(() => {
  let asked = 0;
  let following = false;
  const scroller = (row) => {
    for (let one = row.parentElement; one; one = one.parentElement) {
      if (one.scrollHeight > one.clientHeight && /auto|scroll/.test(getComputedStyle(one).overflowY)) return one;
    }
    return null;
  };
  // Gradio calls these lists without their items, and items without their list.
  const mend = () => {
    document.querySelectorAll('#chat .examples[role="list"]').forEach((one) => one.setAttribute("role", "group"));
    document.querySelectorAll('.thumbnail-wrapper[role="listitem"]').forEach((one) => one.parentElement.setAttribute("role", "list"));
  };
  const follow = () => {
    mend();
    const rows = document.querySelectorAll("#chat .user-row");
    if (rows.length > asked) following = true;
    asked = rows.length;
    const last = rows[asked - 1];
    const box = following && last ? scroller(last) : null;
    if (box) box.scrollTop += last.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
  };
  const stop = (event) => {
    if (event.target instanceof Element && event.target.closest("#chat")) following = false;
  };
  for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) document.addEventListener(kind, stop, { passive: true });
  new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true });
})();
