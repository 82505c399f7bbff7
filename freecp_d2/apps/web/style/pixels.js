// Runs once for the element of the images. A click, or arrow keys and Enter, choose a pixel, which
// is marked in both images and sent to the server.
const place = (x, y) => {
  for (const mark of element.querySelectorAll(".mark")) {
    mark.style.left = `${100 * x}%`;
    mark.style.top = `${100 * y}%`;
    mark.style.display = "";
  }
};
const share = (text) => Math.min(Math.max(parseFloat(text) / 100, 0), 0.9999);

element.addEventListener("click", (event) => {
  const frame = event.target.closest(".pixels");
  if (!frame) return;
  const box = frame.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width;
  const y = (event.clientY - box.top) / box.height;
  place(x, y);
  trigger("pixel", { x, y });
});

element.addEventListener("keydown", (event) => {
  const frame = event.target.closest(".pixels");
  const mark = frame && frame.querySelector(".mark");
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (!mark || !(event.key in step || event.key === "Enter")) return;
  event.preventDefault();
  const hidden = mark.style.display === "none";
  let x = hidden ? 0.5 : share(mark.style.left);
  let y = hidden ? 0.5 : share(mark.style.top);
  if (event.key === "Enter") {
    place(x, y);
    trigger("pixel", { x, y });
    return;
  }
  x = Math.min(Math.max(x + 0.02 * step[event.key][0], 0), 0.9999);
  y = Math.min(Math.max(y + 0.02 * step[event.key][1], 0), 0.9999);
  place(x, y);
});
