import type { RowProblem } from "./row.ts";

/** Why a row is not in; `file` only where several files are imported. */
export interface Rejection extends RowProblem {
  readonly file?: string;
}

/** A list this long tells what a longer one would. */
const MAX_REJECTIONS = 1_000;

/** What became of the rows of an import. Counts are exact; of the reasons, the first 1,000 are kept. */
export class Tally {
  accepted = 0;
  duplicates = 0;
  conflicts = 0;
  rejected = 0;
  readonly #noted: { readonly file: number; readonly problem: RowProblem }[] = [];
  readonly #files: readonly string[];

  /** `files`: the names of the files; the methods take a place in this list. */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  get rows(): number {
    return this.accepted + this.duplicates + this.conflicts + this.rejected;
  }

  /** Rows that are not in, and not in already. */
  get bad(): number {
    return this.conflicts + this.rejected;
  }

  reject(file: number, problem: RowProblem): void {
    this.rejected += 1;
    this.#note(file, problem);
  }

  conflict(file: number, problem: RowProblem): void {
    this.conflicts += 1;
    this.#note(file, problem);
  }

  /** In the order of the rows: the engine's reasons come a batch later than those found while reading. */
  get rejections(): Rejection[] {
    const inOrder = this.#noted.toSorted((a, b) => a.file - b.file || a.problem.line - b.problem.line);
    const namesFiles = this.#files.length > 1;
    return inOrder.map(({ file, problem }) => ({
      ...(namesFiles && { file: this.#files[file] as string }),
      ...problem,
    }));
  }

  /** Whether there were more bad rows than reasons are kept. */
  get isTruncated(): boolean {
    return this.bad > this.#noted.length;
  }

  #note(file: number, problem: RowProblem): void {
    if (this.#noted.length < MAX_REJECTIONS) this.#noted.push({ file, problem });
  }
}
