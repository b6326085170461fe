import fastify from 'fastify';
import { Redis } from 'ioredis';

/** What a route costs that does as little as can be done: the body is checked by its schema, and appended to a stream. */
const redis = new Redis(process.env.REDIS_URL);
const app = fastify();

const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['audience'],
    properties: {
      audience: {
        type: 'object',
        additionalProperties: false,
        required: ['device'],
        properties: { device: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' } },
      },
      title: { type: 'string', maxLength: 1_000 },
      body: { type: 'string', maxLength: 10_000 },
      data: { type: 'object' },
    },
  },
};

app.post('/v1/notifications', { schema }, async (request, reply) => {
  const id = await redis.xadd('intake', '*', 'd', JSON.stringify(request.body));
  return reply.status(202).send({ id });
});

process.on('SIGTERM', () => process.exit(0));
await app.listen({ host: '127.0.0.1', port: Number(process.env.CARILLON_HTTP_PORT) });
