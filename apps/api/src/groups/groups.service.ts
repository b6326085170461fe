import { Injectable } from '@nestjs/common';
import { CarillonError } from '@carillon/domain';
import { decodeMember, type GroupMember, RedisGroups } from '@carillon/persistence';
import { foreignCursor, type PageQuery } from '../http/page.dto.js';
import type { AddedMembers, AddMembers, GroupView, MemberPage } from './group.dto.js';

/** Members that are added at the same time. */
const CONCURRENCY = 16;

@Injectable()
export class GroupsService {
  constructor(private readonly groups: RedisGroups) {}

  async read(app: string, id: string): Promise<GroupView> {
    const size = await this.groups.size(app, id);
    if (size === 0) throw noSuchGroup(id);
    return { id, size };
  }

  async add(app: string, group: string, member: GroupMember): Promise<void> {
    if (await this.groups.add(app, group, member)) return;
    throw new CarillonError('not-found', `there is no device ${'device' in member ? member.device : ''}`);
  }

  async addMany(app: string, group: string, { users, devices }: AddMembers): Promise<AddedMembers> {
    const members: GroupMember[] = [
      ...unique(users).map((user) => ({ user })),
      ...unique(devices).map((device) => ({ device })),
    ];
    const unknown: string[] = [];
    for (let i = 0; i < members.length; i += CONCURRENCY) {
      const batch = members.slice(i, i + CONCURRENCY);
      const known = await Promise.all(batch.map((member) => this.groups.add(app, group, member)));
      batch.forEach((member, k) => {
        if (!known[k] && 'device' in member) unknown.push(member.device);
      });
    }
    return { added: members.length - unknown.length, unknown };
  }

  async remove(app: string, group: string, member: GroupMember): Promise<void> {
    if (await this.groups.remove(app, group, member)) return;
    const name = 'user' in member ? `user ${member.user}` : `device ${member.device}`;
    throw new CarillonError('not-found', `${name} is no member of group ${group}`);
  }

  async members(app: string, group: string, { cursor, limit }: PageQuery): Promise<MemberPage> {
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const found = await this.groups.members(app, group, after, limit + 1);
    const page = found.slice(0, limit);
    return {
      members: page.map(decodeMember),
      ...(found.length > limit && { next: encodeCursor(page.at(-1)!) }),
    };
  }

  async delete(app: string, id: string): Promise<void> {
    if (!(await this.groups.delete(app, id))) throw noSuchGroup(id);
  }
}

/** A group is there as long as it has members. */
const noSuchGroup = (id: string): CarillonError => new CarillonError('not-found', `there is no group ${id}`);
const unique = (names: readonly string[] | null | undefined): string[] => [...new Set(names)];

const encodeCursor = (member: string): string => Buffer.from(member, 'utf8').toString('base64url');

function decodeCursor(cursor: string): string {
  const member = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!/^(user|device):/.test(member)) throw foreignCursor();
  return member;
}
