declare class UPlot {
  static paths: { bars(options: object): unknown };
  constructor(options: object, data: unknown[], place: HTMLElement);
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}
export default UPlot;
