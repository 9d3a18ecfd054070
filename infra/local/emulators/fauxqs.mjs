// Starts fauxqs with its data on disk, listening on loopback only. fauxqs itself always listens on every
// interface, and its command-line program keeps nothing on disk.
import net from "node:net";

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  if (args[0] !== null && typeof args[0] === "object") {
    args[0] = { ...args[0], host: "127.0.0.1" };
  }
  return listen.apply(this, args);
};

const { startFauxqs } = await import(process.env.FAIRLEAD_FAUXQS);
const server = await startFauxqs({
  port: Number(process.env.FAIRLEAD_PORT),
  dataDir: process.env.FAIRLEAD_DATA,
  logger: false,
});
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => server.stop().then(() => process.exit(0)));
}
