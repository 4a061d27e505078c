import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Line } from "./line";
import { trialPeople } from "../src/app/trial";

type Names = Record<string, string>;
interface Directory { agencies: { agency: string; names: Names; units: { unit: string; names: Names }[] }[] }

// Koppi is the server of one test: real, with all services in one process.
export class Koppi {
  private process?: ChildProcess;
  private port = 0;
  private readonly data = mkdtempSync(join(tmpdir(), "koppi-page-"));
  private readonly tokens = new Map<string, Promise<string>>();
  line!: Line;

  static async start(clock: string, settings: string[]): Promise<Koppi> {
    const koppi = new Koppi();
    await koppi.up("--clock", clock, ...settings);
    koppi.line = await Line.to(() => koppi.port);
    return koppi;
  }

  private async up(...more: string[]) {
    const started = spawn(process.env.PAGES_PROGRAM!, ["up", "--dev", "--data", this.data, "--listen", `127.0.0.1:${this.port}`, ...more], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = started;
    this.port = await new Promise<number>((resolve, reject) => {
      const said: string[] = [];
      started.on("exit", (code) => reject(new Error(`koppi ended with ${code}: ${said.slice(-5).join("\n")}`)));
      for (const stream of [started.stdout!, started.stderr!]) {
        createInterface(stream).on("line", (line) => {
          said.push(line);
          const up = /"address":"http:\/\/[^:]+:(\d+)"/.exec(line);
          if (line.includes("koppi is up") && up) resolve(Number(up[1]));
        });
      }
    });
  }

  private async down() {
    const ending = this.process!;
    await new Promise<void>((ended) => { ending.removeAllListeners("exit"); ending.on("exit", () => ended()); ending.kill("SIGTERM"); });
  }

  // restart stops the gateway and all services, and starts them again at the same addresses.
  async restart() {
    await this.down();
    this.tokens.clear();
    await this.up();
  }

  async stop() {
    this.line.close();
    await this.down();
    rmSync(this.data, { recursive: true, force: true });
  }

  // call makes a request through the API, without a page, for what a test does not examine.
  async call<T = Record<string, never>>(person: string, method: string, body: object): Promise<T> {
    // A token is valid for hours, but not in another run of Koppi.
    if (!this.tokens.has(person)) this.tokens.set(person, this.token(person));
    return this.post(method, body, await this.tokens.get(person));
  }

  // callFor makes a request as an agency's system for a worker, given as "worker;unit;role".
  async callFor(system: string, worker: string, method: string, body: object) {
    await this.post(method, body, await this.token(system), { "Koppi-On-Behalf-Of": worker });
  }

  // token issues a token of a person, with which a session begins.
  async token(person: string): Promise<string> {
    const { id: _, ...who } = people[person]!;
    return (await this.post<{ token: string }>("dev.v1.DevService/IssueToken", who)).token;
  }

  private async post<T>(path: string, content: object, token = "", more: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.port}/koppi.${path}`, {
      method: "POST", headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }), ...more },
      body: JSON.stringify(content),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json() as Promise<T>;
  }

  directory = () => this.call<Directory>("kela-17", "casework.v1.CaseworkService/GetAgencies", {});

  // knows makes a worker known to the others of the agency: a worker is known once the worker has called.
  knows = (worker: string) => this.call(worker, "casework.v1.CaseworkService/ListColleagues", {});

  // advance moves the domain's time by a number of seconds, or to a moment.
  advance = (to: string) => this.call("operator", "dev.v1.DevService/AdvanceClock", /^\d+s$/.test(to) ? { by: to } : { to });
}

// Those who act, and are not on the sign-in page. An agency's own system alone says who leads a unit.
const others = [
  { id: "tk-system", agency: "terveys-pohjois-savo", role: "system" }, { id: "ps-system", agency: "hva-pohjois-savo", role: "system" },
  {
    id: "ps-22", agency: "hva-pohjois-savo", unit: "tyoikaiset-kuopio", worker: "ps-22", role: "social_worker", name: "Sari Toinen",
  },
];
const people: Record<string, { id: string }> = Object.fromEntries([...trialPeople, ...others].map((person) => [person.id, person]));
