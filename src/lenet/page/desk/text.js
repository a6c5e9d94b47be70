/** Every visible word, in English and Chinese; elements that show one are written again when the language changes. */

const TEXTS = {
  en: {
    skip: "To the field that is asked",
    title: "The desk",
    page: "The page",
    language: "Language",
    files: "Paper",
    drop: "Drop photos, scans or a PDF here, or choose files",
    progress: "Files read: {read} of {files}. Pages: {pages}. Fields: {fields}.",
    nothing: "Nothing is on the desk yet.",
    review: "What is doubtful",
    open: "{left} to go, {answered} answered",
    waiting: "Others are being read; doubtful fields come here.",
    done: "Nothing is left to ask.",
    elsewhere: "Somebody else has what is left.",
    from: "{file}, page {page}: {name}",
    read: "read as",
    blank: "nothing",
    typed: "typed",
    sum: "These fields should add up: {terms} = {total}",
    holds: "They add up.",
    fails: "They do not add up: {sum} is not {value}.",
    violates: "As typed it {violation}.",
    violated: "{place}: {text} {violation}. Backspace takes the last answer back.",
    alternatives: "Or is it",
    accept: "Accept",
    postpone: "Later",
    takeBack: "Back",
    empty: "Nothing there",
    pad: "Digits",
    keys: "A digit answers, or starts a longer number; Enter accepts; a to e take an alternative; Space asks later; "
      + "Backspace takes back; Delete says that nothing is there.",
    list: "All fields",
    field: "Field",
    text: "Text",
    state: "State",
    where: "Page",
    state_open: "open",
    state_answered: "answered",
    state_ok: "read",
    state_blank: "blank",
    sheet: "The page, with its fields",
    sheetOf: "{file}, page {page}",
    reopen: "Ask this field",
    downloads: "Downloads",
    csv: "Table (CSV)",
    xlsx: "Workbook (XLSX)",
    labels: "Labels for lenet adapt (ZIP)",
    pressed: "Keys so far: {keys}, for {answered} of {for_review} answers.",
    openLeft: "Fields that are still open stand as ? in the table.",
    name_page: "page",
    name_line: "line {0}",
    name_leftOut: "left out {0}",
    name_cell: "row {0}, column {1}",
    reason_unsure: "not sure enough",
    reason_unread: "ink that was not read",
    reason_leftOut: "may be digits",
    notTaken: "{name}: not taken, for the server does not answer; drop it again when it does.",
    silent: "The server does not answer; {count} entries wait here and are sent when it does.",
    refused: "{why}",
  },
  zh: {
    skip: "跳到待确认的字段",
    title: "审阅台",
    page: "演示页面",
    language: "语言",
    files: "纸张",
    drop: "把照片、扫描件或 PDF 拖到这里，或选择文件",
    progress: "已读 {read}/{files} 个文件，{pages} 页，{fields} 个字段",
    nothing: "审阅台上还没有纸张。",
    review: "存疑之处",
    open: "还剩 {left} 个，已答 {answered} 个",
    waiting: "其余的正在识别；存疑的字段会出现在这里。",
    done: "没有要问的了。",
    elsewhere: "剩下的正由别人处理。",
    from: "{file}，第 {page} 页：{name}",
    read: "识别为",
    blank: "空白",
    typed: "输入",
    sum: "这些字段应当相加：{terms} = {total}",
    holds: "合计相符。",
    fails: "合计不符：{sum} 不等于 {value}。",
    violates: "输入的内容与表单不符：{violation}",
    violated: "{place}：{text} 与表单不符（{violation}）；按 Backspace 可撤回上一个答案。",
    alternatives: "还是",
    accept: "接受",
    postpone: "稍后",
    takeBack: "撤回",
    empty: "没有内容",
    pad: "数字键",
    keys: "按数字键作答，或开始输入更长的数；Enter 接受；a 到 e 选备选；空格稍后再问；Backspace 撤回；Delete 表示没有内容。",
    list: "全部字段",
    field: "字段",
    text: "内容",
    state: "状态",
    where: "页",
    state_open: "待答",
    state_answered: "已答",
    state_ok: "已识别",
    state_blank: "空白",
    sheet: "页面及其字段",
    sheetOf: "{file}，第 {page} 页",
    reopen: "重新询问此字段",
    downloads: "下载",
    csv: "表格（CSV）",
    xlsx: "工作簿（XLSX）",
    labels: "供 lenet adapt 用的标注（ZIP）",
    pressed: "已按键 {keys} 次，回答了 {for_review} 个中的 {answered} 个。",
    openLeft: "尚未作答的字段在表格中写作 ?。",
    name_page: "整页",
    name_line: "第 {0} 行",
    name_leftOut: "略去之处 {0}",
    name_cell: "第 {0} 行第 {1} 列",
    reason_unsure: "不够确定",
    reason_unread: "有墨迹未识别",
    reason_leftOut: "可能是数字",
    notTaken: "{name}：服务器没有响应，未能收下；恢复后请再拖一次。",
    silent: "服务器没有响应；{count} 条输入保存在这里，恢复后即发送。",
    refused: "{why}",
  },
};
const LANGUAGE_NAMES = { en: "English", zh: "中文" };
const listeners = [];
let language = preferredLanguage();

/** The text of `key`, `{name}` replaced by `values.name`. */
export function translate(key, values = {}) {
  const text = TEXTS[language][key];
  if (text === undefined) throw new Error(`no text for ${key}`);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The name of a field: a form's own, or the place on any other page, which the server says in English. */
export function translateName({ kind, name }) {
  return ["line", "cell"].includes(kind) ? translateWords("name_", name) : name;
}

/** Why a field is asked; a form's reasons and remarks of reading stay in English. */
export function translateReason({ reason }) {
  return translateWords("reason_", reason);
}

/** What the server says in English, if a text whose key begins with `prefix` says just that; else as it is. */
function translateWords(prefix, words) {
  const numbers = words.match(/\d+/g) ?? [];
  const isSaid = (key) => key.startsWith(prefix)
    && TEXTS.en[key].replace(/\{(\d)\}/g, (_, index) => numbers[index]) === words;
  const key = Object.keys(TEXTS.en).find(isSaid);
  return key ? translate(key, numbers) : words;
}

/** Calls `write` now, and whenever the language changes, for the life of the page. */
export function onLanguage(write) {
  listeners.push(write);
  write();
}

/** An element that shows the text of `key`, or has it as an attribute. */
export function bindText(element, key, attribute = null) {
  const write = (text) => (attribute ? element.setAttribute(attribute, text) : (element.textContent = text));
  onLanguage(() => write(translate(key)));
  return element;
}

/** Buttons that choose the language. */
export function mountLanguages(container) {
  bindText(container, "language", "aria-label");
  for (const [code, name] of Object.entries(LANGUAGE_NAMES)) {
    const button = document.createElement("button");
    button.textContent = name;
    button.lang = code;
    button.addEventListener("click", () => {
      language = code;
      localStorage.setItem("lenet-language", code);
      listeners.forEach((write) => write());
      button.blur();
    });
    onLanguage(() => button.setAttribute("aria-pressed", String(language === code)));
    container.append(button);
  }
  onLanguage(() => (document.documentElement.lang = language));
}

function preferredLanguage() {
  const preferred = [new URLSearchParams(location.search).get("lang"), localStorage.getItem("lenet-language"),
    ...navigator.languages];
  return preferred.map((tag) => tag?.toLowerCase().split("-")[0]).find((code) => Object.hasOwn(TEXTS, code)) ?? "en";
}
