// While the pipeline is edited: the server tells of each save.
new EventSource("/events").addEventListener("message", () => location.reload());
