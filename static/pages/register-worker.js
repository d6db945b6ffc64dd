/** Rooms that were opened before open without a connection too, where the browser lets pages do that. */
navigator.serviceWorker?.register('/sw.js').catch(() => {});
