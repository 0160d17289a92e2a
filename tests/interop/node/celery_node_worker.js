// A worker of celery-node: node celery_node_worker.js URL [BACKEND]
const celery = require("celery-node");
const [url, backend = url] = process.argv.slice(2);

const worker = celery.createWorker(url, backend);
worker.register("interop.add", (x, y) => x + y);
worker.register("interop.echo", (...args) => ({ args: args.slice(0, -1), kwargs: args[args.length - 1] }));
worker.register("interop.fail", (name, text) => { throw new Error(`${name}: ${text}`); });
worker.start();
