// What the server writes above the service worker: see `service_worker` in src/web/assets.rs.
declare const BUILD: string;
declare const FILES: string[];
