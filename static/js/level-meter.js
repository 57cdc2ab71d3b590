/** @file The live level of a microphone, drawn as a row of lights. */

export class LevelMeter {
  /** @param {HTMLElement} element with one child a light */
  constructor(element) {
    this.element = element;
    /** @type {AudioContext | null} */
    this.context = null;
    this.frame = 0;
  }

  /** @param {MediaStreamTrack} track */
  start(track) {
    this.stop();
    const context = new AudioContext();
    this.context = context;
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      // -60 dB to -12 dB of mean power is the span of a voice at a desk
      const decibels = 10 * Math.log10(sum / samples.length + 1e-9);
      this.show(Math.min(1, Math.max(0, (decibels + 60) / 48)));
      this.frame = requestAnimationFrame(draw);
    };
    draw();
  }

  /** @param {number} level 0 to 1 */
  show(level) {
    const lights = this.element.children;
    const lit = Math.round(level * lights.length);
    for (const [index, light] of [...lights].entries()) light.classList.toggle("lit", index < lit);
    this.element.setAttribute("aria-valuenow", String(Math.round(level * 100)));
  }

  stop() {
    cancelAnimationFrame(this.frame);
    void this.context?.close();
    this.context = null;
    this.show(0);
  }
}
