// Calls tasks with celery-ts: node celery_ts.js URL CALLS [BACKEND], where CALLS is JSON, [[task, args, kwargs, options], …].
// Prints what became of each, as a line of JSON.
const celery = require("celery-ts");
const [url, calls, backend = url] = process.argv.slice(2);

async function main() {
  const client = celery.createClient({ brokerUrl: url, resultBackend: backend });
  // A result that comes before it has subscribed is waited for in vain, and a worker may be that fast.
  await client.backend.subscriber;
  const results = JSON.parse(calls).map(([task, args, kwargs, options = {}]) => {
    const dates = Object.fromEntries(
      ["eta", "expires"].filter((key) => key in options).map((key) => [key, new Date(options[key])]),
    );
    return client.createTask(task).applyAsync({ args, kwargs, ...options, ...dates });
  });
  for (const result of results) {
    const value = await result.get(30000);
    console.log(JSON.stringify({ id: result.taskId, value }));
  }
  process.exit(0); // its end() waits for a subscriber that never lets go
}

main();
