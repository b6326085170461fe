import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

const DESCRIPTION = `Self-hosted push gateway: say whom, what and when; devices take it over MQTT, XMPP or HTTP long-poll.

Every failure is a problem document (RFC 9457) whose \`code\` is stable. Unknown fields are refused by name. Times are
RFC 3339. Lists come in pages: pass \`next\` as \`cursor\`.`;

/** The document of every controller in the process. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Carillon')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBasicAuth({ type: 'http', scheme: 'basic', description: 'a device id and its token' }, 'device')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'an API key: ck_…' })
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** `/docs` for people and `/openapi.json` for programs. To be called before the application listens. */
export function setupOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Carillon API',
  });
}
