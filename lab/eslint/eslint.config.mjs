// What the quick-look page's JavaScript is read for: mistakes, not style. What Python gets from ruff.
import js from "@eslint/js";
import stylistic from "@stylistic/eslint-plugin";
import globals from "globals";

const COMPARISONS = ["==", "!=", "===", "!==", ">", "<", ">=", "<=", "in", "instanceof"];
const BITWISE = ["&", "|", "^", "<<", ">>", ">>>"];
const LOGICAL = ["&&", "||", "??"];

export default [
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    plugins: { stylistic },
    rules: {
      // `a !== b === c` compares c with the result of a comparison; what was meant is `a !== (b === c)`.
      "stylistic/no-mixed-operators": ["error", { groups: [COMPARISONS, [...COMPARISONS, ...BITWISE], LOGICAL], allowSamePrecedence: false }],
      // The same with one operator only.
      "no-restricted-syntax": ["error", {
        selector: COMPARISONS.map((one) => `BinaryExpression[operator="${one}"] > BinaryExpression.left[operator="${one}"]`).join(", "),
        message: "This compares the result of a comparison. Give that result a name.",
      }],
      "array-callback-return": "error",
      "consistent-return": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-shadow": "error",
      "no-unused-expressions": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["src/livemon/bridge/quicklook/static/**"], languageOptions: { globals: { ...globals.browser, uPlot: "readonly" } } },
  { files: ["**/*.cjs"], languageOptions: { globals: globals.node } },
];
