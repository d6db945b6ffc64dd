/*
 * Runs before there is anything of a room, so that its first picture is right: the list shows itself once all of it has come, at its
 * end or at the message that a link leads to; and the toolbar, where it is wanted, has its place.
 */
(() => {
	const { dataset } = document.documentElement;
	const show = () => {
		delete dataset.parsing;
		const log = document.getElementById('log');
		const at = document.getElementById('talk')?.dataset.at;
		const sought = at && document.getElementById(`m-${at}`);
		if (sought) sought.scrollIntoView({ block: 'center' });
		else if (log) log.scrollTop = log.scrollHeight;
	};
	dataset.parsing = '';
	document.addEventListener('readystatechange', show, { once: true });
	try {
		if (localStorage.getItem('klatch:toolbar')) dataset.toolbar = '';
	} catch {
		// Nothing is kept here.
	}
})();
