export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function toLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Calls `/api/v1`; answers the parsed body, or null where there is none. Throws ApiError with a text for people. */
export async function api(method, path) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers: { accept: 'application/json' }, cache: 'no-store' });
  } catch {
    throw new ApiError(0, 'unreachable', 'The server can’t be reached.');
  }
  if (response.status === 401) toLogin();
  const body = await response.json().catch(() => null);
  if (response.ok) return body;
  throw new ApiError(response.status, body?.error?.code ?? 'failed', body?.error?.message ?? `The server answered ${response.status}.`);
}
