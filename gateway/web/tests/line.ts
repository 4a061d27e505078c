import { connect, createServer, type AddressInfo, type Socket } from "node:net";

// Line is a proxy between browsers and Koppi, and can be cut.
export class Line {
  private readonly open = new Set<Socket>();
  private down = false;
  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async to(port: () => number): Promise<Line> {
    const server = createServer(), line = new Line(server);
    server.on("connection", (near) => {
      if (line.down) return void near.destroy();
      const far = connect(port(), "127.0.0.1");
      for (const [one, other] of [[near, far], [far, near]] as const) {
        line.open.add(one);
        one.on("error", () => other.destroy()).on("close", () => { line.open.delete(one); other.destroy(); });
        one.pipe(other);
      }
    });
    await new Promise<void>((listening) => { server.listen(0, "127.0.0.1", listening); });
    return line;
  }

  get address() { return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`; }

  cut() { this.down = true; this.open.forEach((socket) => socket.destroy()); }
  mend() { this.down = false; }
  close() { this.cut(); this.server.close(); }
}
