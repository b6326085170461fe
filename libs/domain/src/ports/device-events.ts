/** What devices report of themselves. `at` is ms since 1970. */
export type DeviceEvent =
  | {
      readonly type: 'displayed' | 'opened';
      readonly app: string;
      readonly deviceId: string;
      readonly notificationId: string;
      readonly transport: string;
      readonly at: number;
    }
  | {
      /** Its connection was lost with deliveries under way. */
      readonly type: 'asleep';
      readonly app: string;
      readonly deviceId: string;
      readonly transport: string;
      readonly at: number;
    }
  | {
      /** What its clock shows. */
      readonly type: 'clock';
      readonly app: string;
      readonly deviceId: string;
      /** IANA. */
      readonly timeZone: string;
      readonly transport: string;
      readonly at: number;
    }
  | {
      readonly type: 'location';
      readonly app: string;
      readonly deviceId: string;
      readonly lat: number;
      readonly lon: number;
      readonly transport: string;
      readonly at: number;
    };

/** Takes reports for the workers; once the promise is fulfilled the report is not lost. */
export abstract class DeviceEventSink {
  /** @throws when it cannot be kept; CarillonError `unavailable` when there are too many */
  abstract publish(event: DeviceEvent): Promise<void>;
}
