const NOTES = [
	{ pitch: 660, after: 0 }, // Hz, seconds after the beginning
	{ pitch: 880, after: 0.12 },
];
const LOUDNESS = 0.08;

/** Two soft notes. Silent where the browser does not let this page make a sound yet. */
export function chime() {
	const context = new AudioContext();
	for (const { pitch, after } of NOTES) {
		const [note, volume] = [context.createOscillator(), context.createGain()];
		const start = context.currentTime + after;
		note.frequency.value = pitch;
		volume.gain.setValueAtTime(LOUDNESS, start);
		volume.gain.exponentialRampToValueAtTime(0.001, start + 0.4);
		note.connect(volume).connect(context.destination);
		note.start(start);
		note.stop(start + 0.4);
	}
	setTimeout(() => context.close(), 1_000);
}
