import { Injectable, type OnApplicationBootstrap, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server as HttpServer } from 'node:http';
import { Metrics } from '@carillon/observability';
import { ProcessContext } from '@carillon/process';
import { Transports } from '../delivery/transports.js';
import { Bosh } from './bosh.js';
import { DevicePort, type DevicePortPlan } from './device-port.js';
import { ConnectionReport } from './door/connection-report.js';
import { Door } from './door/door.js';
import { MqttRefusals, XmppRefusals } from './refusals.js';
import { WebOrigins } from './web-origins.js';
import { WebSockets } from './websockets.js';

/** The sockets of this edge; what comes in on them belongs to the engines. */
@Injectable()
export class Listeners implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly door: Door;
  private readonly report: ConnectionReport;
  private readonly mqttRefusals: MqttRefusals;
  private readonly xmppRefusals: XmppRefusals;
  private readonly ports: readonly DevicePort[];
  private readonly webSockets: WebSockets;
  private readonly bosh: Bosh;

  constructor(
    private readonly context: ProcessContext,
    private readonly transports: Transports,
    private readonly http: HttpAdapterHost,
    metrics: Metrics,
  ) {
    const { config, tls, logger } = context;
    this.door = new Door(config.connections);
    this.report = new ConnectionReport(metrics, logger);
    this.mqttRefusals = new MqttRefusals(config.connections.handshakeTimeoutMs);
    this.xmppRefusals = new XmppRefusals(config.xmpp.domain);
    const shared = { config, tls, door: this.door, report: this.report };
    this.ports = [...this.mqttPorts(), ...this.xmppPorts()].map((plan) => new DevicePort(plan, shared));
    const origins = new WebOrigins(config.xmpp.webOrigins);
    this.webSockets = new WebSockets(transports, this.door, this.report, origins);
    this.bosh = new Bosh(transports.xmpp.server, this.door, this.report, origins);
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([this.mqttRefusals.start(), this.xmppRefusals.start()]);
    for (const port of this.ports) {
      const listening = await port.listen((err, listener) =>
        this.context.logger.error({ err, listener }, 'a listener failed'),
      );
      this.context.listeners.push(listening);
    }
    if (this.context.config.xmpp.bosh.enabled) this.bosh.attach(this.http.httpAdapter.getInstance());
    this.webSockets.attach(this.http.httpAdapter.getHttpServer() as HttpServer);
    this.warn();
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const port of this.ports) port.close();
    await Promise.all([this.mqttRefusals.stop(), this.xmppRefusals.stop()]);
  }

  onApplicationShutdown(): void {
    this.webSockets.close();
  }

  private mqttPorts(): DevicePortPlan[] {
    const { port, tlsPort } = this.context.config.mqtt;
    const { broker } = this.transports.mqtt;
    const shared: Pick<DevicePortPlan, 'attach' | 'refusals'> = {
      attach: (socket, peer) => broker.attach(socket, peer),
      refusals: this.mqttRefusals,
    };
    return [
      { name: 'MQTT', listener: 'mqtt', port, variable: 'CARILLON_MQTT_PORT', encrypted: false, ...shared },
      {
        name: 'MQTT TLS',
        listener: 'mqtts',
        port: tlsPort,
        variable: 'CARILLON_MQTTS_PORT',
        encrypted: true,
        ...shared,
      },
    ];
  }

  private xmppPorts(): DevicePortPlan[] {
    const { port, tlsPort } = this.context.config.xmpp;
    const { server } = this.transports.xmpp;
    const shared: Pick<DevicePortPlan, 'attach' | 'refusals'> = {
      attach: (socket, peer) => server.attach(socket, peer),
      refusals: this.xmppRefusals,
    };
    return [
      { name: 'XMPP', listener: 'xmpp', port, variable: 'CARILLON_XMPP_PORT', encrypted: false, ...shared },
      {
        name: 'XMPP TLS',
        listener: 'xmpps',
        port: tlsPort,
        variable: 'CARILLON_XMPPS_PORT',
        encrypted: true,
        ...shared,
      },
    ];
  }

  private warn(): void {
    const { mqtt, xmpp } = this.context.config;
    if (xmpp.tls !== 'required') {
      this.context.logger.warn(`CARILLON_XMPP_TLS=${xmpp.tls}: XMPP passwords may travel in the clear`);
    }
    if (mqtt.anonymous) {
      this.context.logger.warn(
        'CARILLON_MQTT_ANONYMOUS=true: the MQTT broker is open to everyone who reaches it',
      );
    }
  }
}
