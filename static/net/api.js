import { t } from '../core/text.js';
import { toLogin } from './login.js';

/** A call that was not served. */
export class ApiError extends Error {
	/**
	 * @param {number} status that of HTTP, or 0 where the server could not be reached
	 * @param {Wire.Code | 'unreachable' | 'failed'} code
	 * @param {string} message for people
	 * @param {number} [retryAfter] ms after which trying again can help, or 0
	 */
	constructor(status, code, message, retryAfter = 0) {
		super(message);
		this.status = status;
		this.code = code;
		this.retryAfter = retryAfter;
	}
}

/**
 * What an error says to people.
 * @param {unknown} error
 */
export const textOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * Calls `/api/v1` and answers the parsed body, or null where there is none. Throws an `ApiError`.
 * @template T
 * @param {'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} method
 * @param {string} path
 * @param {object} [given] the body
 * @param {number} [within] ms to wait at most
 * @returns {Promise<T>}
 */
export async function api(method, path, given, within) {
	/** @type {Response} */
	let response;
	try {
		response = await fetch(`/api/v1${path}`, {
			method,
			headers: { accept: 'application/json', ...(given && { 'content-type': 'application/json' }) },
			cache: 'no-store',
			body: given && JSON.stringify(given),
			signal: within ? AbortSignal.timeout(within) : null,
		});
	} catch {
		throw new ApiError(0, 'unreachable', t('api.unreachable'));
	}
	const body = await response.json().catch(() => null);
	/** @type {Wire.ErrorBody['error'] | undefined} */
	const error = body?.error;
	if (response.status === 401 && error?.code !== 'bad_credentials') toLogin();
	if (response.ok) return body;
	const message = error?.message ?? t('api.answered', { status: String(response.status) });
	const retryAfter = 1_000 * Number(response.headers.get('retry-after')) || 0;
	throw new ApiError(response.status, error?.code ?? 'failed', message, retryAfter);
}
