// Sends the forms of the home page to the JSON API, shows what it objects to beside each field, and then takes the
// changed parts of the page from the server again, so that how an entry looks is written down once, in the templates.

const outcome = document.getElementById("outcome");

function say(text, state) {
  outcome.textContent = text;
  outcome.className = state;
}

function values(form) {
  const entries = [...form.elements].filter((field) => field.name).map((field) => {
    const number = field.type === "number" || "number" in field.dataset;
    return [field.name, number ? Number(field.value) : field.value];
  });
  return Object.fromEntries(entries);
}

function mark(form, problems) {
  for (const field of form.querySelectorAll("[aria-describedby]")) {
    const problem = problems.find(({ field: name }) => name === field.name);
    field.setAttribute("aria-invalid", String(Boolean(problem)));
    document.getElementById(field.getAttribute("aria-describedby")).textContent = problem ? `Wanted ${problem.wanted}.` : "";
  }
  form.querySelector("[aria-invalid=true]")?.focus();
}

async function refresh() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceWith(fresh);
  }
}

async function send(form) {
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(values(form)),
  });
  const body = await answer.json();
  if (!answer.ok) {
    mark(form, body.error.fields);
    say(body.error.fields.length ? "Not added: see the marked fields." : `Not added: ${body.error.message}`, "failed");
    return;
  }
  mark(form, []);
  form.reset();
  say("Added.", "done");
  await refresh();
}

for (const form of document.querySelectorAll(".add form")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true; // one click, one entry
    say("", "");
    try {
      await send(form);
    } catch {
      say("Not added: no answer came. Try again.", "failed"); // no network, or an answer that is not the API's
    } finally {
      button.disabled = false;
    }
  });
}
