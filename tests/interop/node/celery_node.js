// Calls tasks with celery-node: node celery_node.js URL CALLS [BACKEND], where CALLS is JSON, [[task, args, kwargs], …].
// Prints what became of each, as a line of JSON.
const celery = require("celery-node");
const [url, calls, backend = url] = process.argv.slice(2);

async function main() {
  const client = celery.createClient(url, backend);
  const results = JSON.parse(calls).map(([task, args, kwargs]) => client.createTask(task).applyAsync(args, kwargs));
  for (const result of results) {
    const id = result.taskId;
    await result.get(30000, 5).then(
      (value) => console.log(JSON.stringify({ id, value })),
      (error) => console.log(JSON.stringify({ id, error: error.exc_type, args: error.exc_message, text: error.message })),
    );
  }
  await client.disconnect();
}

main();
