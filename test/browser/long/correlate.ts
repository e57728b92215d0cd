/** How much later b is heard than a, in ms, and how alike both are at that: 1 is the same. */
export interface Lag {
  ms: number;
  alike: number;
}

const coarse = 6; // one of so many samples is looked at

/** Finds by how much a stretch of b is later than a, up to mostMs to either side, by cross-correlation. */
export function lag(a: Int16Array, b: Int16Array, rate: number, mostMs: number): Lag {
  const left = thinned(a);
  const right = thinned(b);
  const most = Math.round((mostMs / 1000) * (rate / coarse));
  const span = left.length - 2 * most;
  let best = { shift: 0, alike: -Infinity };
  const energyLeft = energy(left, most, span);
  for (let shift = -most; shift <= most; shift++) {
    let sum = 0;
    for (let i = most; i < most + span; i++) {
      sum += (left[i] as number) * (right[i + shift] as number);
    }
    const alike = sum / Math.sqrt(energyLeft * energy(right, most + shift, span) || 1);
    if (alike > best.alike) {
      best = { shift, alike };
    }
  }
  return { ms: (best.shift * 1000 * coarse) / rate, alike: best.alike };
}

/** Means of a few samples each: as fine as the song that is played is. */
function thinned(samples: Int16Array): Float64Array {
  return Float64Array.from({ length: Math.floor(samples.length / coarse) }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < coarse; j++) {
      sum += samples[i * coarse + j] as number;
    }
    return sum / coarse;
  });
}

function energy(samples: Float64Array, from: number, span: number): number {
  let sum = 0;
  for (let i = from; i < from + span; i++) {
    sum += (samples[i] as number) ** 2;
  }
  return sum;
}
