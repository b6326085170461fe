/** The topics of a device. */
export const inboxTopic = (deviceId: string): string => `devices/${deviceId}/inbox`;
export const eventsTopic = (deviceId: string): string => `devices/${deviceId}/events`;

/** Whether a filter stays within the device's own topics. */
export const isOwnFilter = (filter: string, deviceId: string): boolean =>
  filter.startsWith(`devices/${deviceId}/`);

/** Of whichever device: nobody but it publishes there, and nobody but the gateway to it. */
export const isDeviceTopic = (topic: string): boolean => topic.startsWith('devices/');
