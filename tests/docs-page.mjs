#!/usr/bin/env node
// tests/docs-page.mjs [--picture FILE]: uses the docs page as an application developer does, in a real headless browser beside the demo: sets a
// token, lists a group, approves a request, and reads the answers. Fails when the page asks anybody else for anything, when its Content
// Security Policy stops something, or when it writes an error into the console.
// Exit codes: 0 all well; 1 not; 2 usage; 3 it could not be tried.
import { execFileSync, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const root = path.resolve(import.meta.dirname, "..");
const packages = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "docs-page");
const wait = 20_000; // milliseconds for anything

const [flag, picture, ...rest] = process.argv.slice(2);
if ((flag !== undefined && flag !== "--picture") || (flag && !picture) || rest.length > 0) {
  console.error("usage: tests/docs-page.mjs [--picture FILE]");
  process.exit(2);
}

if (process.env.DEMO === undefined) {
  const prepared = [
    ["need", "cc", "chromium", "node", "npm"],
    ["packages", "npm", packages, "playwright-core@1.65.1"],
  ].every(([program, ...words]) => spawnSync(path.join(root, "tests", program), words, { stdio: "inherit" }).status === 0);
  if (!prepared) process.exit(3);
  const words = [process.execPath, import.meta.filename, ...(picture ? [flag, path.resolve(picture)] : [])];
  process.exit(spawnSync(path.join(root, "tests/with-demo"), words, { stdio: "inherit" }).status ?? 1);
}

const { chromium } = createRequire(path.join(packages, "package.json"))("playwright-core");
const { GATEWAY: gateway, GROUP: group, TOKEN: token } = process.env;
const browser = await chromium.launch({
  executablePath: execFileSync("which", ["chromium"], { encoding: "utf8" }).trim(),
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const complaints = [];

function expect(what, holds) {
  if (!holds) throw new Error(what);
  console.log(what);
}

try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  page.setDefaultTimeout(wait);
  // As long as the answers are awaited, what the browser says is noted.
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(`${gateway}/`)) complaints.push(`asked for ${request.url()}`);
  });
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));

  const shown = await page.goto(`${gateway}/docs/`);
  const policy = shown.headers()["content-security-policy"] ?? "";
  expect("The page has a Content Security Policy without exceptions.", policy.includes("default-src 'none'") && !policy.includes("unsafe"));

  await page.getByRole("button", { name: "Authorize" }).click();
  const dialog = page.locator(".auth-container");
  await dialog.getByRole("textbox").fill(token);
  await dialog.getByRole("button", { name: "Apply credentials" }).click();
  await page.getByRole("button", { name: "Close" }).click();

  // Opens an operation, fills it in, sends it, and reads the answer.
  async function tryOut(operation, parameters, body) {
    const block = page.locator(`[id$="-${operation}"]`);
    await block.locator(".opblock-summary-control").click();
    // What may be left out is left out until somebody fills it in.
    for (const input of await block.locator("tr[data-param-name] input").all()) {
      const row = input.locator("xpath=ancestor::tr[1]");
      const filled = (await row.locator(".parameter__name.required").count()) === 0 && (await input.inputValue()) !== "";
      if (filled) throw new Error(`${operation}: ${await row.getAttribute("data-param-name")} is filled in already`);
    }
    for (const [name, value] of Object.entries(parameters)) await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
    if (body !== undefined) await block.locator("textarea.body-param__text").fill(JSON.stringify(body, null, 2));
    await block.getByRole("button", { name: "Execute" }).click();
    const live = block.locator(".live-responses-table");
    await live.waitFor();
    const status = Number(await live.locator("tr.response td.response-col_status").first().innerText());
    const answer = await live.locator(".highlight-code code").first().innerText();
    return { block, status, answer: JSON.parse(answer) };
  }

  const listed = await tryOut("list_join_requests", { group_id: group });
  expect("A list: 200.", listed.status === 200 && listed.answer.join_requests.length > 0);
  const approved = await tryOut("approve_join_requests", { group_id: group, "Idempotency-Key": "docs-page-1" }, { join_request_ids: [listed.answer.join_requests[0].id], reason: "from the docs page" });
  expect("An approval: 200, approved.", approved.status === 200 && approved.answer.results[0].outcome === "approved");
  if (picture) {
    // Without the line for curl, in which the token stands, and the long list of what else may be answered.
    for (const part of [".curl-command", ".responses-table:not(.live-responses-table)", ".responses-inner h4"]) {
      for (const found of await approved.block.locator(part).all()) await found.evaluate((element) => (element.style.display = "none"));
    }
    await approved.block.screenshot({ path: picture });
  }
  const again = await tryOut("get_quota", {});
  expect("The quota: 200.", again.status === 200 && again.answer.caller.limit > 0);

  await page.goto(`${gateway}/problems/group_full`);
  expect("A problem's page says who must act.", (await page.locator("body").innerText()).includes("Who must act?"));
  expect("Its style is taken.", (await page.locator("body").evaluate((body) => getComputedStyle(body).fontFamily)).includes("system-ui"));

  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  console.log("Nobody else was asked for anything, and the browser complained of nothing.");
} catch (error) {
  console.error([error.stack, ...complaints].join("\n"));
  process.exitCode = 1;
} finally {
  await browser.close();
}
