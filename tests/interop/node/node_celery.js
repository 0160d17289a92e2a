// Calls tasks with node-celery (protocol 1): node node_celery.js URL CALLS [BACKEND], where CALLS is JSON,
// [[task, args, kwargs, options], …]. Prints what became of each, as a line of JSON.
const celery = require("node-celery");
const [url, calls, backend = url] = process.argv.slice(2);

const client = celery.createClient({ CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: backend });
client.once("connect", () => {
  const answers = JSON.parse(calls).map(([task, args, kwargs, options = {}]) => {
    const result = client.createTask(task).call(args, kwargs, options);
    return new Promise((resolve) => result.once("ready", resolve));
  });
  Promise.all(answers).then((metas) => {
    for (const meta of metas) console.log(JSON.stringify({ id: meta.task_id, state: meta.status, value: meta.result }));
    process.exit(0); // its end() breaks on what still comes
  });
});
