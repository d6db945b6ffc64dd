import { leaving } from '../pages/logout.js';
import { t } from '../core/text.js';

export class ApiError extends Error {
  constructor(status, code, message, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

export function toLogin() {
  if (!leaving) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/**
 * Calls `/api/v1` with `given` as its body, if any, and waits `within` ms at most; answers the parsed body, or null where there is none.
 * Throws ApiError with a text for people, and with `retryAfter` in ms where the server says so.
 */
export async function api(method, path, given, within) {
  let response;
  try {
    const headers = { accept: 'application/json', ...given && { 'content-type': 'application/json' } };
    response = await fetch(`/api/v1${path}`, { method, headers, cache: 'no-store', body: given && JSON.stringify(given), signal: within && AbortSignal.timeout(within) });
  } catch {
    throw new ApiError(0, 'unreachable', t('api.unreachable'));
  }
  const body = await response.json().catch(() => null);
  if (response.status === 401 && body?.error?.code !== 'bad_credentials') toLogin();
  if (response.ok) return body;
  throw new ApiError(response.status, body?.error?.code ?? 'failed', body?.error?.message ?? t('api.answered', { status: String(response.status) }),
    1_000 * response.headers.get('retry-after') || 0);
}
