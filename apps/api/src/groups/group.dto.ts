import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsDeviceId, IsListOfDeviceIds, IsListOfNames, IsName } from '../http/rules.js';

export const MAX_MEMBERS_AT_ONCE = 1_000;

export class GroupParams {
  @ApiProperty({ example: 'kitchen' })
  @IsName()
  id!: string;
}

export class UserMemberParams extends GroupParams {
  @ApiProperty({ example: 'anna' })
  @IsName()
  user!: string;
}

export class DeviceMemberParams extends GroupParams {
  @ApiProperty({ example: 'phone-1' })
  @IsDeviceId()
  device!: string;
}

export class AddMembers {
  @ApiPropertyOptional({ type: [String], maxItems: MAX_MEMBERS_AT_ONCE, example: ['anna', 'bert'] })
  @IsOptional()
  @IsListOfNames({ max: MAX_MEMBERS_AT_ONCE })
  users?: string[] | null;

  @ApiPropertyOptional({ type: [String], maxItems: MAX_MEMBERS_AT_ONCE, example: ['phone-1'] })
  @IsOptional()
  @IsListOfDeviceIds({ max: MAX_MEMBERS_AT_ONCE })
  devices?: string[] | null;
}

export class AddedMembers {
  @ApiProperty({
    description: 'members that belong to the group now, also those that did before',
    example: 3,
  })
  added!: number;

  @ApiProperty({ type: [String], description: 'ids that are no device: not added' })
  unknown!: string[];
}

export class GroupView {
  @ApiProperty({ example: 'kitchen' })
  id!: string;

  @ApiProperty({ description: 'how many users and devices were named as members', example: 3 })
  size!: number;
}

export class MemberView {
  @ApiPropertyOptional({ example: 'anna' })
  user?: string;

  @ApiPropertyOptional({ example: 'phone-1' })
  device?: string;
}

export class MemberPage {
  @ApiProperty({ type: [MemberView], description: 'each a user or a device' })
  members!: MemberView[];

  @ApiPropertyOptional({ description: 'the cursor of the next page; absent on the last' })
  next?: string;
}
