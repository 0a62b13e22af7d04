#!/usr/bin/env node
// The server's page in a real browser, as somebody looks at it. `tests/page.rs` tells what has gone on in the server.
//
// usage: page.js ADDRESS SMTP_PORT SCREENSHOT, with playwright-core in EHLO_CLIENTS
"use strict";

const assert = require("node:assert/strict");
const net = require("node:net");
const path = require("node:path");
const { chromium } = require(path.join(process.env.EHLO_CLIENTS, "browser", "node_modules", "playwright-core"));

const [address, smtp, screenshot] = process.argv.slice(2);
const origin = `http://${address}`;

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.EHLO_CHROMIUM || "/usr/bin/chromium", args: FLAGS });
  try {
    await look(await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light" }));
    await withoutScripts(await browser.newContext({ javaScriptEnabled: false, colorScheme: "dark" }));
  } finally {
    await browser.close();
  }
}

async function look(context) {
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => wrong.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => wrong.push(`error: ${error}`));
  page.on("dialog", (dialog) => { wrong.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (!request.url().startsWith(`${origin}/`)) wrong.push(`elsewhere: ${request.url()}`); });
  await page.goto(`${origin}/`);
  assert.match(await page.title(), /^mx\.example\.net · ehlod$/);

  // What a peer said is text, wherever it stands.
  const refusals = await page.locator("#refusals tbody tr").allInnerTexts();
  assert.ok(refusals.some((row) => row.includes("no such user") && row.includes("550 5.1.1")), refusals.join("\n"));
  assert.ok(refusals.some((row) => row.includes('<"<img src=x onerror=alert(1)>"@example.org>')), refusals.join("\n"));
  assert.equal(await page.locator("#live img, #live script, #live iframe").count(), 0);
  assert.equal(await page.locator(".plot svg").count(), 4);

  // The policy holds: what is not the server's own file does not run, and nothing is fetched from elsewhere.
  const held = await page.evaluate(async () => {
    const violated = [];
    document.addEventListener("securitypolicyviolation", (event) => violated.push(event.effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    const image = document.createElement("img");
    image.src = "http://127.0.0.1:9/x.png";
    document.body.append(image);
    await fetch("http://127.0.0.1:9/x").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { ran: window.ran === true, violated };
  });
  assert.equal(held.ran, false);
  for (const directive of ["script-src-elem", "img-src", "connect-src"]) assert.ok(held.violated.includes(directive), held.violated.join(" "));
  // Those complaints were asked for.
  wrong.length = 0;

  // A session that begins while somebody looks is there without a reload, and gone when it has ended.
  const client = net.connect(Number(smtp), "127.0.0.1");
  client.once("data", () => client.write("EHLO late.client.example\r\n"));
  client.on("data", () => {});
  const late = page.locator("#sessions tbody tr", { hasText: "late.client.example" });
  await late.waitFor();
  assert.match(await late.innerText(), /mx[\s\S]*ready/);
  client.end("QUIT\r\n");
  await late.waitFor({ state: "detached" });

  // The explainer, in both languages, on what is as hostile as a bounce can be.
  await page.fill("textarea", '550 5.1.1 invalid user - bob@example.net\n554 <script>alert(2)</script><img src=x onerror=alert(3)>');
  await page.click("button[type=submit]");
  await page.waitForURL(/\/explain/);
  const english = await page.locator("#explained").innerText();
  assert.match(english, /permanent failure/);
  assert.match(english, /<script>alert\(2\)<\/script>/);
  assert.equal(await page.locator("#explained img, #explained script").count(), 0);
  await page.fill("textarea", "450 4.7.1 bob@example.net: Recipient address rejected: Greylisted for 5 minutes");
  await page.check("input[value=zh]");
  await page.click("button[type=submit]");
  await page.locator("#explained[lang=zh]").waitFor();
  assert.match(await page.locator("#explained").innerText(), /暂时失败/);
  await page.fill("textarea", "450 4.7.1 bob@example.net: Recipient address rejected: Greylisted for 5 minutes");
  await page.check("input[value=en]");
  await page.click("button[type=submit]");
  await page.locator("#explained[lang=en]").waitFor();
  assert.deepEqual(wrong, []);

  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: screenshot, fullPage: true });
  // On a telephone nothing is wider than the screen.
  await page.setViewportSize({ width: 390, height: 800 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "the page is too wide");
}

async function withoutScripts(context) {
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.fill("textarea", "550 5.1.1 invalid user - bob@example.net");
  await page.click("button[type=submit]");
  assert.match(await page.locator("#explained").innerText(), /permanent failure/);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
