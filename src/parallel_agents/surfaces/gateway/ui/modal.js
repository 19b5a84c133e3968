// @ts-check
/** Modal: a dialog that is open before the next key arrives, so that what is typed goes into it. */
import { useLayoutEffect, useRef } from './view.js';

/** The dialog to show. An effect after the paint would leave the first keys to the page, where `x` kills. */
export function useModal() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return dialog;
}
