export type Reason =
  /** The issuer knows no session: sign in again. */
  | 'signed-out'
  /** The issuer could not be reached, again and again, and no cookies hold any more. */
  | 'offline'
  /** The issuer gives nothing to this session or this page, or the edge refuses with fresh cookies too. */
  | 'refused';

/** What happened. Times are seconds from now. */
export type Detail =
  | { type: 'renewed'; renewsIn: number; expiresIn: number; sessionEndsIn: number | null }
  /** `status` is missing if no answer came. */
  | { type: 'retrying'; retriesIn: number; status?: number }
  /** The element had failed, and goes on at this position. */
  | { type: 'recovered'; position: number }
  | { type: 'stopped'; reason: Reason; status?: number };

export interface Options {
  /** Where browsers reach edgemint, base path included: `https://listen.example.com` or `/edgemint`. */
  issuer: string;
  onEvent?: (detail: Detail) => void;
}

export interface Keeper {
  /** Resolves to true once there are fresh cookies, to false if there will be none. Never rejects. */
  ready(): Promise<boolean>;
  /** Ends everything. It cannot be started again. */
  stop(): void;
}

/** Keeps cookies fresh until `stop()`: for `fetch`, hls.js and the like. */
export function keepFresh(options: Options): Keeper;

/**
 * Keeps cookies fresh while the element plays or the page is visible, and brings the element back after a failure.
 * Each `Detail` is dispatched on the element too, as the `detail` of a `CustomEvent` named `edgemint`.
 */
export function keepListening(media: HTMLMediaElement, options: Options): Keeper;

/** Ends the session at the issuer, deletes its cookies, and tells the other tabs. Rejects if no answer came. */
export function leave(options: Pick<Options, 'issuer'>): Promise<boolean>;

declare global {
  interface HTMLMediaElementEventMap {
    edgemint: CustomEvent<Detail>;
  }
}
