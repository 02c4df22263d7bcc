// The editor of the query page: CodeMirror over the text area, which stays the form's own field.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql, SQLite } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateField } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warning)" },
  { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
]);

const look = EditorView.theme({
  "&": { border: "1px solid var(--strong-line)", borderRadius: "7px", background: "var(--card)", color: "var(--text)", fontSize: "12.5px" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", minHeight: "104px", maxHeight: "320px", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { background: "none", border: "0", color: "var(--faint)" },
  ".cm-placeholder": { color: "var(--faint)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--accent-soft)" },
  "&.cm-focused .cm-matchingBracket": { background: "var(--accent-soft)" },
  ".cm-tooltip": { border: "1px solid var(--line)", borderRadius: "8px", background: "var(--raised)", color: "var(--text)", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { color: "var(--muted)" },
  ".cm-fault": { textDecoration: "underline wavy var(--error)", textUnderlineOffset: "3px", background: "var(--error-soft)" },
});

// The place that the database finds fault with, until something is typed.
function fault(area) {
  const { line, column, length } = area.dataset;
  const wave = Decoration.mark({ class: "cm-fault" });
  return StateField.define({
    create(state) {
      if (!line || line > state.doc.lines) return Decoration.none;
      const { from, to } = state.doc.line(Number(line));
      const start = Math.min(from + offset(state.doc.line(Number(line)).text, Number(column) - 1), to);
      const end = Math.min(start + Math.max(1, Number(length)), to);
      return Decoration.set(start < end ? [wave.range(start, end)] : []);
    },
    update: (marks, change) => change.docChanged ? Decoration.none : marks,
    provide: (field) => EditorView.decorations.from(field),
  });
}

// The server counts characters, an editor's document counts what JavaScript does: one beyond the first plane is two.
const offset = (text, characters) => [...text].slice(0, characters).join("").length;

const dialects = { sqlite: SQLite, postgresql: PostgreSQL };

function edit(area) {
  const view = new EditorView({
    parent: area.parentElement,
    state: EditorState.create({
      doc: area.value,
      extensions: [
        // The policy allows no style but one with this page's nonce.
        EditorView.cspNonce.of(area.dataset.nonce),
        EditorView.contentAttributes.of({ "aria-label": "SQL" }),
        EditorView.updateListener.of((update) => { if (update.docChanged) area.value = update.state.doc.toString(); }),
        lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(), EditorView.lineWrapping,
        autocompletion({ icons: false }),
        sql({ dialect: dialects[area.dataset.dialect] ?? SQLite, schema: JSON.parse(area.dataset.schema), upperCaseKeywords: true }),
        syntaxHighlighting(colours), look, fault(area), placeholder(area.placeholder),
        keymap.of([
          { key: "Mod-Enter", run: () => { area.form.requestSubmit(); return true; } },
          ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap,
        ]),
      ],
    }),
  });
  area.hidden = true;
  area.removeAttribute("data-search");
  view.contentDOM.setAttribute("data-search", "");
  area.after(view.dom);
}

for (const area of document.querySelectorAll("textarea[data-schema]")) edit(area);
