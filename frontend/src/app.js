// htmx is the one layer of enhancement: every form and link works without it.
import htmx from "htmx.org";

// What a strict Content-Security-Policy refuses is never tried.
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
// No page is kept in the browser's storage: the next person at this machine may have another role.
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;
