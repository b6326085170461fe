-- Lets one of the requests with an idempotency key do its work; the others learn what became of it.
-- KEYS  1 idempotency record
-- ARGV  1 digest of the request  2 token of who asks  3 now, ms  4 until when the work may take, ms  5 life of the record, s
-- Result  {'claimed'}, {'mismatch'} (the key came with another request), {'pending'} or {'answered', answer}
-- Who asks again, as the answer was lost, has it.
local found = redis.call('HMGET', KEYS[1], 'digest', 'answer', 'pendingUntil', 'token')
if found[1] and found[1] ~= ARGV[1] then
  return { 'mismatch' }
end
if found[2] then
  return { 'answered', found[2] }
end
if found[3] and tonumber(found[3]) > tonumber(ARGV[3]) and found[4] ~= ARGV[2] then
  return { 'pending' }
end
redis.call('HSET', KEYS[1], 'digest', ARGV[1], 'token', ARGV[2], 'pendingUntil', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return { 'claimed' }
