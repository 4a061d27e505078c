import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Endpoint receives agencies' callbacks. Until it is repaired it permanently refuses every
// message with content, and accepts tombstones.
export class Endpoint {
  mended = false;
  // Agencies of which it answers 503.
  readonly closed = new Set<string>();
  private readonly folder = mkdtempSync(join(tmpdir(), "koppi-endpoint-"));
  private readonly server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      if (this.closed.has(request.url!.split("/")[1]!)) {
        response.writeHead(503).end();
        return;
      }
      const { messages = [] } = JSON.parse(Buffer.concat(parts).toString()) as { messages?: { event?: object }[] };
      const refused = this.mended ? -1 : messages.findIndex(({ event }) => event !== undefined);
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(refused < 0 ? { accepted: messages.length } : { accepted: refused, refused: { code: 3, message: "" } }));
    });
  });

  // settings starts the endpoint, and returns the settings with which a Koppi calls it for
  // agencies.
  async settings(...agencies: string[]): Promise<string> {
    await new Promise<void>((up) => this.server.listen(0, "127.0.0.1", () => up()));
    const directory = JSON.parse(readFileSync(join(import.meta.dirname, "../../../deploy/config/directory.json"), "utf8")) as {
      agencies: { agency: string; callback?: object }[];
    };
    for (const agency of agencies) {
      directory.agencies.find((one) => one.agency === agency)!.callback = {
        protocol: "CONNECT", url: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${agency}`,
      };
    }
    const file = (name: string, content: object) => {
      writeFileSync(join(this.folder, name), JSON.stringify(content), { mode: 0o600 });
      return join(this.folder, name);
    };
    const secret = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    const secrets = file("secrets.json", Object.fromEntries(agencies.map((agency) => [agency, secret])));
    return `--directory ${file("directory.json", directory)} --callback-secrets ${secrets}`;
  }

  stop() {
    this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
