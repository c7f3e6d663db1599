// Adds an entry through the JSON API and shows what it answers.
const form = document.getElementById("add");
const answer = document.getElementById("answer");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(form)));
  try {
    const reply = await fetch(form.action, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (reply.ok) {
      location.reload();
      return;
    }
    const { error } = await reply.json();
    answer.textContent = error.fields.map((one) => `${one.field}: wanted ${one.wanted}`).join("; ") || error.message;
  } catch (error) {
    answer.textContent = `No answer (${error.message}); try again.`;
  }
});
