/** Sets up what is missing, and no more. */
import './setup/node-version.mjs';

void import('./setup/prepare.mjs').then(({ prepare, runScript }) => runScript(prepare));
