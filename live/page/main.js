/**
 * The status page: asks for the token, and then shows what the server is doing, every two seconds.
 *
 * @module
 */

import { Api, Refused } from "./api.js";
import { Chart } from "./chart.js";
import { $, confirm, element, say, write } from "./dom.js";
import { bytes, count, duration, ms, number, rate } from "./format.js";
import { PLOTS } from "./plots.js";
import { Samples } from "./samples.js";
import { buttons, LiveTable, MAX_ROWS, text } from "./tables.js";
import { TopicDialog } from "./topic_dialog.js";

/** How often the status is read, in milliseconds. */
const INTERVAL_MS = 2_000;

/** How long after the last key a search is sent, in milliseconds. */
const SEARCH_MS = 250;

const samples = new Samples();
const charts = PLOTS.map((plot) => ({ plot, chart: new Chart(plot) }));
const query = { limit: 20, topics: "", topicsBy: "rate", connections: "", connectionsBy: "lag" };
const dialog = new TopicDialog();
let api;
let timer;
let reading = 0;
let answeredAt = 0;

$("plots").append(...charts.map(({ chart }) => chart.root));

const topics = new LiveTable("topics", {
  empty: "No topic has subscribers.",
  keyOf: ({ name }) => name,
  order: "rate",
  onOrder: (order) => ask({ topicsBy: order }),
  onMore: showMore,
  columns: [
    { title: "Topic", className: "name", cell: topicButton },
    { title: "Messages", order: "rate", cell: text((row) => rate(row.rate)) },
    { title: "Subscribers", order: "subscribers", cell: text((row) => count(row.subscribers)) },
    { title: "Size", order: "bytes", cell: text((row) => bytes(row.bytes)) },
    { title: "Lagging", cell: text(({ lagging }) => lagging === 0 ? "–" : count(lagging)) },
  ],
});

const views = new LiveTable("views", {
  empty: "No views.",
  keyOf: ({ collection, query }) => `${collection} ${query}`,
  onOrder() {},
  onMore: showMore,
  columns: [
    { title: "View", className: "name", cell: viewName },
    { title: "Messages", cell: text((row) => rate(row.rate)) },
    { title: "Subscribers", cell: text((row) => count(row.subscribers)) },
    { title: "Access classes", cell: text((row) => count(row.classes)) },
    { title: "Size", cell: text((row) => bytes(row.bytes)) },
  ],
});

const connections = new LiveTable("connections", {
  empty: "No client is connected.",
  keyOf: ({ id }) => id,
  order: "lag",
  onOrder: (order) => ask({ connectionsBy: order }),
  onMore: showMore,
  columns: [
    { title: "User", className: "name", cell: userName },
    { title: "Address", cell: text((row) => row.address) },
    {
      title: "Age",
      order: "oldest",
      cell: text((row) => duration(samples.all.at(-1).at - row.openedAt)),
    },
    { title: "Topics", order: "topics", className: "names", cell: text(topicNames) },
    { title: "Unsent", order: "unsent", cell: text(({ unsent }) => unsent ? bytes(unsent) : "–") },
    { title: "Lag", order: "lag", cell: text(({ lagMs }) => lagMs ? ms(Math.round(lagMs)) : "–") },
    {
      title: "Revoke",
      className: "actions",
      cell: buttons(["connection", revokeConnection], ["user", revokeUser, (row) => row.user]),
    },
  ],
});

function topicButton(cell, { name }, entry) {
  if (cell.hasChildNodes()) return;
  cell.append(element("button", {
    type: "button",
    className: "link",
    onclick: () => dialog.open(api, entry.row.name),
  }, name));
}

function viewName(cell, { collection, query }) {
  if (cell.hasChildNodes()) return;
  cell.append(element("b", {}, collection), element("code", { title: query }, query));
}

function userName(cell, { user, id }) {
  if (cell.hasChildNodes()) return;
  const shown = user?.name ?? user?.email ?? user?.id ?? "anonymous";
  const more = user?.name && user.email ? user.email : user?.id ?? id;
  const title = `connection ${id}${user ? `, user ${user.id}` : ""}`;
  cell.append(element("b", { title }, shown), element("small", {}, more === shown ? id : more));
}

function topicNames({ topics, topicCount }) {
  const names = topics.map((name) => name.startsWith("view:") ? "a view" : name).join(", ");
  return topicCount > topics.length
    ? `${names} and ${count(topicCount - topics.length)} more`
    : names;
}

async function revokeConnection({ id, user }) {
  const whose = user?.email ?? user?.id ?? "an anonymous client";
  const text = `The connection ${id} of ${whose} is closed with 4503. Its page does not reconnect.`;
  if (await confirm({ title: "Revoke this connection?", text, yes: "Revoke" })) {
    await revoke({ connection: id });
  }
}

async function revokeUser({ user }) {
  const text =
    `All connections of ${user.email ?? user.id} are closed with 4503, on every instance. ` +
    "The user can log in again, unless you suspend them in Directus.";
  if (await confirm({ title: "Revoke this user?", text, yes: "Revoke" })) {
    await revoke({ user: user.id });
  }
}

async function revoke(revocation) {
  try {
    const { closed } = await api.revoke(revocation);
    say(`Closed ${count(closed)} ${closed === 1 ? "connection" : "connections"}`);
    read();
  } catch (error) {
    say(error.message, true);
  }
}

/** Changes the query, and reads the status. */
function ask(change) {
  Object.assign(query, change);
  if (api !== undefined) read();
}

function showMore() {
  ask({ limit: MAX_ROWS });
}

/** Reads the status, and again after a while. Only the newest of overlapping reads is shown. */
async function read() {
  clearTimeout(timer);
  const own = ++reading;
  try {
    const status = await api.status(query);
    if (own !== reading) return;
    answeredAt = Date.now();
    show(status);
  } catch (error) {
    if (own !== reading) return;
    if (error instanceof Refused && error.status === 401) return logOut(error.message);
    const since = answeredAt === 0 ? "" : ` for ${duration(Date.now() - answeredAt)}`;
    showTrouble(`No answer${since}: ${error.message}`);
    if (answeredAt === 0) return logOut(error.message);
  }
  timer = setTimeout(read, INTERVAL_MS);
}

function show(status) {
  const { about, health, now, startedAt, series } = status;
  const { instance = "" } = about;
  document.body.dataset.view = "app";
  samples.add(now, series);
  document.title = `${instance} – Live`;
  write($("instance"), instance);
  write($("uptime"), `up ${duration(now - startedAt)}`);
  showTrouble(health.status === "ready" ? "" : health.reason, health.status);
  for (const { plot, chart } of charts) {
    chart.root.hidden = plot.needsRedis === true && about.redis === "none";
    if (!chart.root.hidden) chart.update(samples);
  }
  topics.update(status.topics);
  views.update(status.views);
  $("views").hidden = status.views.total === 0;
  connections.update(status.connections);
  showSettings(about);
}

function showTrouble(text, state = text === "" ? "ready" : "no answer") {
  write($("health"), state);
  $("health").dataset.state = text === "" ? "good" : "bad";
  write($("trouble"), text);
}

function showSettings({ directus, origins = [], topics = [], transport, threads = 1, redis }) {
  const rows = { Directus: directus, Origins: origins.join(", "), Topics: topics.join(", ") };
  Object.assign(rows, { Transport: transport, Threads: number(threads), Redis: redis });
  $("settings").replaceChildren(
    ...Object.entries(rows).filter(([, value]) => value)
      .map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value))
      ),
  );
}

function logOut(message = "") {
  clearTimeout(timer);
  reading++;
  api = undefined;
  answeredAt = 0;
  samples.clear();
  dialog.close();
  document.body.dataset.view = "login";
  write($("login-error"), message);
  $("token").focus();
}

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  const { value } = $("token");
  $("token").value = "";
  write($("login-error"), "");
  api = new Api(value);
  read();
});
$("logout").addEventListener("click", () => logOut());
$("look").addEventListener("submit", (event) => {
  event.preventDefault();
  dialog.open(api, $("look-topic").value.trim());
});
for (const name of ["topics", "connections"]) {
  let search;
  $(`search-${name}`).addEventListener("input", ({ target }) => {
    clearTimeout(search);
    search = setTimeout(() => ask({ [name]: target.value.trim() }), SEARCH_MS);
  });
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") clearTimeout(timer);
  else if (api !== undefined) read();
});
logOut();
