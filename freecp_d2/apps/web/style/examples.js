// A drawn page was chosen: tell the server which.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("choose", { index: Number(button.dataset.index) });
});
