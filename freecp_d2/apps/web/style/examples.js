// Send the index of the chosen page to the server.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) trigger("choose", { index: Number(button.dataset.index) });
});
