/**
 * Ends the process on a Node that is too old. Imported before all else, and written, as whoever imports it, so that such a Node can read it;
 * everything newer comes by a dynamic import after it.
 */
const OLDEST = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);

if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `Node ${process.versions.node} is too old: install Node ${OLDEST.join('.')} or newer (https://nodejs.org)`,
  );
  process.exit(1);
}
