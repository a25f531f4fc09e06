// Figures for Prometheus, as its text format wants them.

import { monitorEventLoopDelay } from "node:perf_hooks";

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** How often the event loop is looked at; what is measured beyond it is delay. */
const RESOLUTION_MS = 10;

interface RouteFigures {
  readonly statuses: Map<number, number>;
  readonly buckets: number[];
  seconds: number;
  count: number;
}

/** What a server counts. */
export class Metrics {
  readonly #routes = new Map<string, RouteFigures>();
  readonly #events = new Map<string, number>();
  readonly #loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #inFlight = 0;

  start(): void {
    this.#loop.enable();
  }

  stop(): void {
    this.#loop.disable();
  }

  begin(): void {
    this.#inFlight += 1;
  }

  /** @param route as registered, never as asked for: names must stay few. */
  end(route: string, status: number, seconds: number): void {
    this.#inFlight -= 1;
    let figures = this.#routes.get(route);
    if (figures === undefined) {
      figures = { statuses: new Map(), buckets: BUCKETS.map(() => 0), seconds: 0, count: 0 };
      this.#routes.set(route, figures);
    }
    figures.statuses.set(status, (figures.statuses.get(status) ?? 0) + 1);
    figures.seconds += seconds;
    figures.count += 1;
    const bucket = BUCKETS.findIndex((limit) => seconds <= limit);
    if (bucket !== -1) figures.buckets[bucket] = (figures.buckets[bucket] ?? 0) + 1;
  }

  countEvent(status: string): void {
    this.#events.set(status, (this.#events.get(status) ?? 0) + 1);
  }

  text(): string {
    const lines: string[] = [];
    const family = (name: string, type: string, help: string) =>
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    family("aragora_http_requests_total", "counter", "Answered requests.");
    for (const [route, { statuses }] of this.#routes) {
      for (const [status, count] of statuses) {
        lines.push(`aragora_http_requests_total{route="${label(route)}",status="${status}"} ${count}`);
      }
    }
    family("aragora_http_request_seconds", "histogram", "Time to the answer.");
    for (const [route, { buckets, seconds, count }] of this.#routes) {
      let sum = 0;
      BUCKETS.forEach((limit, index) => {
        sum += buckets[index] ?? 0;
        lines.push(`aragora_http_request_seconds_bucket{route="${label(route)}",le="${limit}"} ${sum}`);
      });
      lines.push(
        `aragora_http_request_seconds_bucket{route="${label(route)}",le="+Inf"} ${count}`,
        `aragora_http_request_seconds_sum{route="${label(route)}"} ${seconds}`,
        `aragora_http_request_seconds_count{route="${label(route)}"} ${count}`,
      );
    }
    family("aragora_http_requests_in_flight", "gauge", "Requests under way.");
    lines.push(`aragora_http_requests_in_flight ${this.#inFlight}`);
    family("aragora_events_total", "counter", "Usage events by what became of them.");
    for (const [status, count] of this.#events) {
      lines.push(`aragora_events_total{status="${label(status)}"} ${count}`);
    }
    family(
      "aragora_event_loop_delay_p99_seconds",
      "gauge",
      "How late the event loop was since the last look.",
    );
    lines.push(`aragora_event_loop_delay_p99_seconds ${this.#loopDelaySeconds()}`);
    const { user, system } = process.cpuUsage();
    family("process_cpu_seconds_total", "counter", "CPU time, user and system.");
    lines.push(`process_cpu_seconds_total ${(user + system) / 1e6}`);
    family("process_resident_memory_bytes", "gauge", "Resident memory.");
    lines.push(`process_resident_memory_bytes ${process.memoryUsage.rss()}`);
    family("process_uptime_seconds", "gauge", "Time since the start.");
    lines.push(`process_uptime_seconds ${process.uptime()}`);
    return `${lines.join("\n")}\n`;
  }

  #loopDelaySeconds(): number {
    const delay = Math.max(0, this.#loop.percentile(99) / 1e9 - RESOLUTION_MS / 1_000);
    this.#loop.reset();
    return delay;
  }
}

function label(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}
