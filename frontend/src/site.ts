/** What every page loads: typefaces, the style sheet, and the islands that make lists live and keys work. */
import '@fontsource-variable/inter';
import '@fontsource/ibm-plex-mono/400.css';
import '../../src/negatoscope/doors/web/static/styles/site.css';

import { setUpDialogs } from './islands/dialogs.ts';
import { setUpForms } from './islands/forms.ts';
import { setUpFragments } from './islands/fragments.ts';
import { setUpKeys } from './islands/keys.ts';
import { setUpLists } from './islands/lists.ts';
import { setUpLiveEvents } from './islands/live.ts';
import { setUpMenus } from './islands/menus.ts';
import { setUpReportEditor } from './islands/report-editor.ts';
import { setUpRows } from './islands/rows.ts';
import { setUpShareLanding } from './islands/share_landing.ts';

setUpDialogs();
setUpMenus();
setUpForms();
setUpFragments();
setUpRows();
setUpReportEditor();
setUpShareLanding();
setUpKeys();
setUpLists();
setUpLiveEvents();
